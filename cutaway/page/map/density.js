/**
 * How many samples there are in each cell of a square over the map, of which class most of them are, and on which
 * layout this is so.
 * @typedef {{
 *   key: string, side: number, levels: Uint8Array<ArrayBuffer>, groups: Int16Array<ArrayBuffer>
 * }} DensityRecord
 * levels: 0 for none, otherwise growing with the logarithm of the number; rows from the bottom up
 */

/** Opacity of all points above a density where the whole map is seen; it grows as one zooms in. */
const FAINT = 0.2;

/** The density of many samples, painted below the points of some of them. */
export class Density {
  #image = document.createElement("canvas");
  #canvas = document.createElement("canvas");

  /** @param {DensityRecord} record */
  constructor(record) {
    this.record = record;
    this.#image.width = this.#image.height = record.side;
    this.#canvas.id = "density";
    this.#canvas.setAttribute("aria-hidden", "true");
  }

  /**
   * @param {(group: number) => ArrayLike<number> | null} color red, green and blue, 0..255, of a class; null hides it
   */
  color(color) {
    const { side, levels, groups } = this.record;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.#image.getContext("2d"));
    const image = pen.createImageData(side, side);
    /** @type {Map<number, ArrayLike<number> | null>} */
    const known = new Map();
    for (let cell = 0; cell < levels.length; cell++) {
      if (!levels[cell]) continue;
      const group = groups[cell];
      if (!known.has(group)) known.set(group, color(group));
      const rgb = known.get(group);
      if (!rgb) continue;
      // the first row of an image is its top
      const k = 4 * ((side - 1 - Math.floor(cell / side)) * side + (cell % side));
      image.data.set([rgb[0], rgb[1], rgb[2], levels[cell]], k);
    }
    pen.putImageData(image, 0, 0);
  }

  /**
   * Paint what the map shows of it, where it shows the layout that this is the density of.
   * @param {import("./map.js").SampleMap} map
   */
  paint({ root, top, view, selection, surface, transition: { a, b, t } }) {
    const canvas = this.#canvas;
    if (!canvas.isConnected) root.insertBefore(canvas, root.querySelector("canvas"));
    if (canvas.width !== top.width || canvas.height !== top.height) [canvas.width, canvas.height] = [top.width, top.height];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const { style } = surface.canvas;
    style.opacity = "";
    if ((t < 1 && a !== this.record.key) || (t > 0 && b !== this.record.key)) return;
    if (!selection.length) style.opacity = String(Math.min(1, FAINT * Math.max(1, view.zoomed)));
    const [left, low] = view.toScreen(0, 0);
    const side = view.scale * view.ratio;
    // cells that are larger than a few pixels are not smoothed away
    pen.imageSmoothingEnabled = side / this.record.side < 4;
    pen.drawImage(this.#image, left * view.ratio, low * view.ratio - side, side, side);
  }
}
