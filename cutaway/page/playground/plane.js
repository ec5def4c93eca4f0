// What a network with one or two inputs answers where: classes, a surface or curves, with the linear regions and the samples.

import { spaced } from "../core/charts.js";
import { blended } from "../core/colors.js";

/** @typedef {import("./controller.js").State} State */
/** @typedef {import("./drawing.js").Scale} Scale */

/** Samples that are drawn of each part. */
const MAX_POINTS = 2000;

/** A piece of a surface whose values differ by a smaller share of the scale has one color: its gradient would be too long. */
const FLAT = 1e-4;

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
 * Draw what a network with one or two inputs answers, and the samples. With two, colors say which class is the most likely, or
 * which value the network gives. With one, curves say the probability of each class, or the value.
 * @param {HTMLCanvasElement} canvas
 * @param {State} state
 * @param {Look} look
 */
export function drawAnswer(canvas, { frame, parts }, look) {
  const { isDark, shows, ink, ground, classes, ramp } = look;
  const { context, width, height } = fitted(canvas);
  const drawing = frame?.drawing;
  if (!drawing || !width) return;
  const { low, high, areas, regions, lines, responses, scale } = drawing;
  const { inputs, outputs, isRegression } = parts.train;
  const isLine = inputs === 1;
  const x = (/** @type {number} */ value) => ((value - low) / (high - low)) * width;
  const y = (/** @type {number} */ value) => height - ((value - low) / (high - low)) * height;
  const outline = (/** @type {Float32Array} */ points) => {
    for (let k = 0; k < points.length; k += 2) context[k ? "lineTo" : "moveTo"](x(points[k]), y(points[k + 1]));
    context.closePath();
  };
  if (areas) {
    const fills = classes.map((color) => mixed([ground, color], isDark ? 0.34 : 0.24));
    eachPolygon(areas, (points, k) => {
      context.beginPath();
      outline(points);
      const affine = areas.functions.subarray(3 * k, 3 * k + 3);
      context.fillStyle = scale ? shade(context, affine, points, { x, y, ramp, scale }) : fills[areas.labels[k] % fills.length];
      context.fill();
      stroke(context, context.fillStyle, 0.8); // which closes the gaps between neighbors
    });
  }
  if (shows.regions && regions) {
    context.beginPath();
    eachPolygon(regions, outline);
    stroke(context, isDark ? "rgb(255 255 255 / 0.28)" : "rgb(0 0 0 / 0.2)", 0.7);
  }
  context.beginPath();
  for (let k = 0; k < lines.length; k += 4) {
    context.moveTo(x(lines[k]), y(lines[k + 1]));
    context.lineTo(x(lines[k + 2]), y(lines[k + 3]));
  }
  context.lineCap = "round";
  stroke(context, ink, scale ? 1 : 2);
  const [least, most] = spaced(isRegression ? [...parts.train.y, ...parts.test.y] : [0, 1], 0.15);
  const up = (/** @type {number} */ value) => height - ((value - least) / (most - least)) * height;
  for (const isTest of shows.test ? [true, false] : [false]) {
    const samples = isTest ? parts.test : parts.train;
    const level = isTest ? -0.06 : -0.1; // classes lie below the curves
    drawSamples(context, samples.y, {
      at: (k) => [x(samples.x[inputs * k]), isLine ? up(isRegression ? samples.y[k] : level) : y(samples.x[inputs * k + 1])],
      colorOf: (value) => (scale ? mixed(ramp, shareOf(value, scale)) : classes[isRegression ? 0 : value % classes.length]),
      rim: scale ? ink : ground,
      isTest,
    });
  }
  const answers = responses[responses.length - 1];
  const points = answers.length / outputs;
  for (let output = 0; isLine && output < outputs; output++) {
    context.beginPath();
    for (let k = 0; k < points; k++) context.lineTo(((k + 0.5) / points) * width, up(answers[k * outputs + output]));
    stroke(context, isRegression ? ink : classes[output], 2.5);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string | CanvasGradient | CanvasPattern} color
 * @param {number} width In CSS pixels.
 */
export function stroke(context, color, width) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

/**
 * The colors of an affine function on a polygon: a gradient along its slope, so each place has the color of its value.
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} affine a, b and c of a x + b y + c.
 * @param {Float32Array} polygon
 * @param {{ x: (value: number) => number, y: (value: number) => number, ramp: string[], scale: Scale }} how `x`, `y`: to pixels.
 */
function shade(context, [a, b, c], [firstX, firstY], { x, y, ramp, scale }) {
  const value = a * firstX + b * firstY + c;
  const square = a * a + b * b;
  if (Math.sqrt(square) <= FLAT * scale.largest) return mixed(ramp, shareOf(value, scale));
  const [from, to] = [-scale.largest, scale.largest].map((level) => (level - value) / square);
  const gradient = context.createLinearGradient(x(firstX + from * a), y(firstY + from * b), x(firstX + to * a), y(firstY + to * b));
  ramp.forEach((color, stop) => gradient.addColorStop(stop / (ramp.length - 1), color));
  return gradient;
}

/**
 * The place of a value on a scale, from 0 for `-largest` to 1.
 * @param {number} value
 * @param {Scale} scale
 */
function shareOf(value, { largest }) {
  return Math.min(1, Math.max(0, (value / largest + 1) / 2));
}

/**
 * @param {import("./drawing.js").Polygons} polygons
 * @param {(points: Float32Array, k: number) => void} act
 */
function eachPolygon({ points, ends }, act) {
  ends.forEach((end, k) => act(points.subarray(k ? 2 * ends[k - 1] : 0, 2 * end), k));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} y
 * @param {{ at: (k: number) => [number, number], colorOf: (value: number) => string, rim: string, isTest: boolean }} how
 */
function drawSamples(context, y, { at, colorOf, rim, isTest }) {
  const count = Math.min(y.length, MAX_POINTS);
  const radius = count > 600 ? 2.4 : 3.4;
  for (let k = 0; k < count; k++) {
    context.beginPath();
    context.arc(...at(k), radius, 0, 2 * Math.PI);
    context.fillStyle = colorOf(y[k]);
    if (!isTest) context.fill();
    stroke(context, rim, isTest ? 3 : 0.8);
    if (isTest) stroke(context, colorOf(y[k]), 1.5); // hollow
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
 * @property {string[]} ramp From negative to positive numbers.
 * @property {Uint8Array} palette Its colors, by the codes of `numberCodes`.
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
