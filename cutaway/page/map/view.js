/** The largest coordinate: positions are uint16. */
export const STEPS = 65535;

/** How far a view may zoom in, as a multiple of the scale at which everything fits. */
const LARGEST_ZOOM = 128;

/**
 * What part of a map is shown: the place in the middle, in data coordinates from 0 to 1 with y up, and CSS pixels per
 * unit.
 */
export class View {
  x = 0.5;
  y = 0.5;
  scale = 1;
  width = 0;
  height = 0;
  ratio = 1;

  /** The scale at which everything fits. */
  get fit() {
    return 0.94 * Math.min(this.width, this.height);
  }

  /** How far it is zoomed in; 1 where everything fits. */
  get zoomed() {
    return this.scale / this.fit;
  }

  /** Show everything. */
  reset() {
    Object.assign(this, { x: 0.5, y: 0.5, scale: this.fit });
  }

  /**
   * Change the size, and keep the middle and the zoom.
   * @param {number} width in CSS pixels
   * @param {number} height in CSS pixels
   * @param {number} ratio device pixels per CSS pixel
   */
  resize(width, height, ratio) {
    const zoomed = this.width ? this.zoomed : 1;
    Object.assign(this, { width, height, ratio });
    this.scale = zoomed * this.fit;
  }

  /**
   * @param {number} dx CSS pixels to the right
   * @param {number} dy CSS pixels down
   */
  pan(dx, dy) {
    this.x = Math.min(1, Math.max(0, this.x - dx / this.scale));
    this.y = Math.min(1, Math.max(0, this.y + dy / this.scale));
  }

  /**
   * Zoom about a place of the screen, which stays where it is.
   * @param {number} factor above 1 to zoom in
   * @param {number} [px] CSS pixels from the left
   * @param {number} [py] CSS pixels from the top
   */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const scale = Math.min(LARGEST_ZOOM * this.fit, Math.max(0.5 * this.fit, this.scale * factor));
    const [x, y] = this.toData(px, py);
    this.x = Math.min(1, Math.max(0, x - (px - this.width / 2) / scale));
    this.y = Math.min(1, Math.max(0, y + (py - this.height / 2) / scale));
    this.scale = scale;
  }

  /**
   * Show a box of the data, with some space around it.
   * @param {number[]} box left, bottom, right and top, in data coordinates from 0 to 1
   */
  show([left, bottom, right, top]) {
    const wanted = 0.8 * Math.min(this.width / Math.max(right - left, 1e-6), this.height / Math.max(top - bottom, 1e-6));
    this.x = (left + right) / 2;
    this.y = (bottom + top) / 2;
    this.scale = Math.min(0.25 * LARGEST_ZOOM * this.fit, Math.max(this.fit, wanted));
  }

  /**
   * The data coordinates of a place of the screen.
   * @param {number} px
   * @param {number} py
   * @returns {[number, number]}
   */
  toData(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  /**
   * The place on the screen, in CSS pixels, of data coordinates.
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }
}
