// The plane of the data: where each class is the most likely, the linear regions, and the samples.

import { blended } from "../core/colors.js";

/** @typedef {import("./controller.js").State} State */
/** @typedef {import("./data_sets.js").Samples} Samples */

/** Samples that are drawn of each part. */
const MAX_POINTS = 2000;

/**
 * What draws on a canvas that changes in every frame. By the CPU: where a GPU is emulated, it takes 10 times as long.
 * @param {HTMLCanvasElement} canvas
 */
export function painterOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
}

/**
 * A canvas with as many pixels as it takes on the screen.
 * @param {HTMLCanvasElement} canvas
 * @returns {{ context: CanvasRenderingContext2D, width: number, height: number }} In CSS pixels.
 */
export function fitted(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const context = painterOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/**
 * Draw the plane of data with two inputs.
 * @param {HTMLCanvasElement} canvas
 * @param {State} state
 * @param {Look} look
 */
export function drawPlane(canvas, { frame, parts }, look) {
  const { isDark, shows, ink, ground } = look;
  const { context, width, height } = fitted(canvas);
  const drawing = frame?.drawing;
  if (!drawing || !width) return;
  const { low, high } = drawing;
  const x = (/** @type {number} */ value) => ((value - low) / (high - low)) * width;
  const y = (/** @type {number} */ value) => height - ((value - low) / (high - low)) * height;
  if (drawing.areas) {
    const fills = look.classes.map((color) => mixed([ground, color], isDark ? 0.34 : 0.24));
    eachPolygon(drawing.areas, (points, label) => {
      context.beginPath();
      outline(context, points, x, y);
      context.fillStyle = context.strokeStyle = fills[label % fills.length]; // the stroke closes the gaps between neighbors
      context.lineWidth = 0.8;
      context.fill();
      context.stroke();
    });
  }
  if (shows.regions && drawing.regions) {
    context.beginPath();
    eachPolygon(drawing.regions, (points) => outline(context, points, x, y));
    strokeBorders(context, isDark);
  }
  context.beginPath();
  const { boundary } = drawing;
  for (let k = 0; k < boundary.length; k += 4) {
    context.moveTo(x(boundary[k]), y(boundary[k + 1]));
    context.lineTo(x(boundary[k + 2]), y(boundary[k + 3]));
  }
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.lineCap = "round";
  context.stroke();
  if (shows.test) drawSamples(context, parts.test, { x, y, look, isTest: true });
  drawSamples(context, parts.train, { x, y, look, isTest: false });
}

/**
 * Stroke what lies between linear regions.
 * @param {CanvasRenderingContext2D} context
 * @param {boolean} isDark
 */
function strokeBorders(context, isDark) {
  context.strokeStyle = isDark ? "rgb(255 255 255 / 0.28)" : "rgb(0 0 0 / 0.2)";
  context.lineWidth = 0.7;
  context.stroke();
}

/**
 * @param {import("./drawing.js").Polygons} polygons
 * @param {(points: Float32Array, label: number) => void} act
 */
function eachPolygon({ points, ends, labels }, act) {
  let start = 0;
  ends.forEach((end, k) => {
    act(points.subarray(2 * start, 2 * end), labels[k]);
    start = end;
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} points
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 */
function outline(context, points, x, y) {
  context.moveTo(x(points[0]), y(points[1]));
  for (let k = 2; k < points.length; k += 2) context.lineTo(x(points[k]), y(points[k + 1]));
  context.closePath();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Samples} samples
 * @param {{ x: (value: number) => number, y: (value: number) => number, look: Look, isTest: boolean }} how
 */
function drawSamples(context, samples, { x, y, look: { classes, ground }, isTest }) {
  const count = Math.min(samples.y.length, MAX_POINTS);
  const radius = count > 600 ? 2.4 : 3.4;
  for (let k = 0; k < count; k++) {
    const color = classes[samples.y[k] % classes.length];
    context.beginPath();
    context.arc(x(samples.x[2 * k]), y(samples.x[2 * k + 1]), radius, 0, 2 * Math.PI);
    context.fillStyle = isTest ? ground : color;
    context.strokeStyle = isTest ? color : ground;
    context.lineWidth = isTest ? 1.5 : 0.8;
    context.fill();
    context.stroke();
  }
}

/**
 * Draw data with one input: what the network answers (of classes the probability of each), the samples, and where straight
 * pieces meet.
 * @param {HTMLCanvasElement} canvas
 * @param {State} state
 * @param {Look} look
 */
export function drawLine(canvas, { frame, parts }, look) {
  const { isDark, shows, ink } = look;
  const { context, width, height } = fitted(canvas);
  const drawing = frame?.drawing;
  if (!drawing || !width) return;
  const { low, high, regions, responses } = drawing;
  const { isFunction, outputs } = parts.train;
  const heights = [...parts.train.y, ...parts.test.y];
  const [least, most] = isFunction ? [Math.min(...heights), Math.max(...heights)] : [0, 1];
  const space = 0.15 * (most - least || 1);
  const x = (/** @type {number} */ value) => ((value - low) / (high - low)) * width;
  const y = (/** @type {number} */ value) => height - ((value - least + space) / (most - least + 2 * space)) * height;
  if (shows.regions && regions) {
    context.beginPath();
    eachPolygon(regions, (points) => {
      const end = x(Math.max(...points.filter((_, k) => k % 2 === 0)));
      context.moveTo(end, 0);
      context.lineTo(end, height);
    });
    strokeBorders(context, isDark);
  }
  for (const isTest of shows.test ? [true, false] : [false]) {
    const samples = isTest ? parts.test : parts.train;
    const level = isTest ? -0.06 : -0.1; // classes lie below the curves
    const flat = Float32Array.from({ length: 2 * samples.y.length }, (_, k) => (k % 2 === 0 ? samples.x[k >> 1] : isFunction ? samples.y[k >> 1] : level));
    const labels = isFunction ? new Int32Array(samples.y.length) : samples.y;
    drawSamples(context, { ...samples, x: flat, y: labels }, { x, y, look, isTest });
  }
  const answers = responses[responses.length - 1];
  const points = answers.length / outputs;
  for (let output = 0; output < outputs; output++) {
    context.beginPath();
    for (let k = 0; k < points; k++) context.lineTo(x(low + ((k + 0.5) / points) * (high - low)), y(answers[k * outputs + output]));
    context.strokeStyle = isFunction ? ink : look.classes[output];
    context.lineWidth = 2.5;
    context.stroke();
  }
}

/**
 * @typedef {object} Look How things are drawn.
 * @property {boolean} isDark
 * @property {string} ink
 * @property {string} ground What colors are mixed with.
 * @property {string[]} classes A color for each class.
 * @property {string} positive For numbers above 0.
 * @property {string} negative
 * @property {{ regions: boolean, test: boolean }} shows
 */

/**
 * A color between some, as CSS writes it.
 * @param {string[]} colors as for `blended`
 * @param {number} share
 */
export function mixed(colors, share) {
  return `rgb(${blended(colors, share).map(Math.round).join(" ")})`;
}
