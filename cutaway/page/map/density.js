import { element } from "../core/elements.js";

/**
 * A grid of cells over the map: how many samples there are in each, and their most frequent class.
 * @typedef {{
 *   tiles: Uint16Array<ArrayBuffer>, opacities: Uint8Array<ArrayBuffer>, groups: ArrayLike<number>,
 * }} DensityCells
 * tiles: where each tile that holds samples is, row by row from the bottom left; opacities: 0 for none, otherwise growing
 * with the logarithm of the number; rows of a tile from the bottom up
 * @typedef {{ side: number, tile: number }} DensityGrid cells along each side of the grid, and of a tile
 * @typedef {{
 *   key: string, grids: DensityGrid[], load: (grid: number) => Promise<DensityCells>, changed: () => void,
 * }} DensityRecord key: the layout that this is the density of; grids: from the coarsest to the finest; changed: called
 * when another grid can be painted
 */

/** Opacity of all points above a density where the whole map is seen; it grows as one zooms in. */
const FAINT = 0.2;

/**
 * Device pixels along a cell beyond which a finer grid is painted. Cells of less than a pixel would be averaged, and those
 * with gaps around them would fade.
 */
const LARGEST_CELL = 2;

/**
 * The density of many samples, painted below the points of some of them: on the coarsest grid whose cells are about
 * as small as pixels. The others are loaded once they are needed.
 */
export class Density {
  /** Cells along each side of the grid that is painted; 0 for none. */
  side = 0;
  #canvas = element("canvas", { id: "density", "aria-hidden": "true" });
  /** The tiles that can be seen, a pixel a cell. */
  #image = element("canvas");
  /** Which tiles these are. */
  #imaged = "";
  /** @type {(DensityCells | null | undefined)[]} null while it is loaded */
  #cells = [];
  /** @type {(group: number) => ArrayLike<number> | null} */
  #color = () => null;

  /** @param {DensityRecord} record */
  constructor(record) {
    this.record = record;
  }

  /**
   * @param {(group: number) => ArrayLike<number> | null} color red, green and blue, 0..255, of a class; null hides it
   */
  color(color) {
    this.#color = color;
    this.#imaged = "";
  }

  /**
   * Load a grid if it is not there.
   * @param {number} grid
   */
  async #load(grid) {
    if (this.#cells[grid] !== undefined) return;
    this.#cells[grid] = null;
    try {
      this.#cells[grid] = await this.record.load(grid);
      this.record.changed();
    } catch {
      // a server that has ended: another grid stays
    }
  }

  /**
   * The grid to paint: the one that suits the zoom, or the nearest to it that is there.
   * @param {import("./view.js").View} view
   */
  #choose({ scale, ratio }) {
    const { grids } = this.record;
    const found = grids.findIndex(({ side }) => scale * ratio <= LARGEST_CELL * side);
    const wanted = found < 0 ? grids.length - 1 : found;
    void this.#load(wanted);
    const there = [...grids.keys()].filter((grid) => this.#cells[grid]);
    return there.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
  }

  /**
   * Paint what the map shows of it, where it shows the layout that this is the density of.
   * @param {import("./map.js").SampleMap} map
   */
  paint({ root, top, view, surface, transition: { a, b, t } }) {
    const canvas = this.#canvas;
    if (!canvas.isConnected) root.insertBefore(canvas, root.querySelector("canvas"));
    if (canvas.width !== top.width || canvas.height !== top.height) [canvas.width, canvas.height] = [top.width, top.height];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const { style } = surface.canvas;
    style.opacity = "";
    this.side = 0;
    if ((t < 1 && a !== this.record.key) || (t > 0 && b !== this.record.key)) return;
    const isDim = surface.parts.raised !== null;
    canvas.style.opacity = isDim ? "0.3" : "";
    if (!isDim) style.opacity = String(Math.min(1, FAINT * Math.max(1, view.zoomed)));
    const grid = this.#choose(view);
    if (grid === undefined) return;
    const { side, tile } = this.record.grids[grid];
    this.side = side;
    const last = side / tile - 1;
    // the tiles that can be seen, from the bottom left to the top right
    const corners = [...view.toData(0, view.height), ...view.toData(view.width, 0)];
    const [left, bottom, right, above] = corners.map((place) => Math.min(last, Math.max(0, Math.floor((place * side) / tile))));
    const [columns, rows] = [right - left + 1, above - bottom + 1];
    this.#paintTiles(grid, left, bottom, columns, rows);
    const [x, y] = view.toScreen((left * tile) / side, ((bottom + rows) * tile) / side);
    const cell = (view.scale * view.ratio) / side;
    // cells that are larger than a few pixels are not smoothed away
    pen.imageSmoothingEnabled = cell < 4;
    pen.drawImage(this.#image, x * view.ratio, y * view.ratio, columns * tile * cell, rows * tile * cell);
  }

  /**
   * Paint some tiles of a grid, a pixel a cell, unless they were painted last.
   * @param {number} grid
   * @param {number} left
   * @param {number} bottom
   * @param {number} columns
   * @param {number} rows
   */
  #paintTiles(grid, left, bottom, columns, rows) {
    const wanted = [grid, left, bottom, columns, rows].join();
    if (this.#imaged === wanted) return;
    this.#imaged = wanted;
    const { side, tile } = this.record.grids[grid];
    const { tiles, opacities, groups } = /** @type {DensityCells} */ (this.#cells[grid]);
    const width = columns * tile;
    const image = new ImageData(width, rows * tile);
    const pixels = new Uint32Array(image.data.buffer);
    /** @type {number[]} of each class, the color without its opacity, and -1 if it is hidden */
    const colors = [];
    for (const [k, place] of tiles.entries()) {
      const column = (place % (side / tile)) - left;
      const row = Math.floor(place / (side / tile)) - bottom;
      if (column < 0 || column >= columns || row < 0 || row >= rows) continue;
      for (let y = 0; y < tile; y++) {
        const from = (k * tile + y) * tile;
        const to = ((rows - row) * tile - 1 - y) * width + column * tile; // the first row of an image is its top
        for (let x = 0; x < tile; x++) {
          const opacity = opacities[from + x];
          if (!opacity) continue;
          const group = groups[from + x];
          const color = (colors[group] ??= packed(this.#color(group)));
          if (color >= 0) pixels[to + x] = (opacity << 24) | color;
        }
      }
    }
    [this.#image.width, this.#image.height] = [image.width, image.height];
    /** @type {CanvasRenderingContext2D} */ (this.#image.getContext("2d")).putImageData(image, 0, 0);
  }
}

/** @param {ArrayLike<number> | null} rgb */
const packed = (rgb) => (rgb ? (rgb[2] << 16) | (rgb[1] << 8) | rgb[0] : -1);
