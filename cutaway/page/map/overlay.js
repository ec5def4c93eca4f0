import { placeLabels } from "./groups.js";

/** The most labels on a map. */
const MOST_LABELS = 60;

/** A label is cut to this many characters. */
const LONGEST_LABEL = 24;

/**
 * Paint the overlay of a map: images, labels, rings around samples, and the path of a selection.
 * @param {import("./map.js").SampleMap} map
 */
export function paintTop(map) {
  const { pen, view } = map;
  pen.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  pen.clearRect(0, 0, view.width, view.height);
  const style = getComputedStyle(map.host);
  const [ink, paper] = [style.color, style.backgroundColor];
  if (map.withImages && map.sheet) {
    map.sheet.paint(pen, map.withImages, {
      view,
      states: map.states,
      dims: map.surface.parts.raised !== null,
      ring: map.rings ? ink : null,
      place: (index) => map.toScreen(index),
      color: (index) => map.surface.palette.subarray(4 * map.surface.codes[index], 4 * map.surface.codes[index] + 3),
    });
  } else if (map.grouping) paintLabels(map, ink, paper);
  if (map.pinned >= 0) paintRing(pen, map.toScreen(map.pinned), 9, [5, paper], [2, ink]);
  if (map.focus >= 0) paintRing(pen, map.toScreen(map.focus), 7, [5, paper], [2, ink]);
  if (map.marked) paintCross(pen, map.view.toScreen(...map.marked), { ink, paper });
  if (map.gestures?.path && map.gestures.path.length > 4) paintPath(pen, map.gestures.path, ink);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {[number, number]} place CSS pixels
 * @param {number} radius
 * @param {...[number, string]} strokes the width and the color of each: a halo makes a ring visible on every color
 */
export function paintRing(pen, [x, y], radius, ...strokes) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  strokeOn(pen, ...strokes);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {[number, number]} place CSS pixels
 * @param {{ ink: string, paper: string }} colors
 */
function paintCross(pen, [x, y], { ink, paper }) {
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(x - 9, y - 9);
  pen.lineTo(x + 9, y + 9);
  pen.moveTo(x + 9, y - 9);
  pen.lineTo(x - 9, y + 9);
  strokeOn(pen, [7, paper], [3, ink]);
}

/**
 * Stroke a path several times.
 * @param {CanvasRenderingContext2D} pen
 * @param {...[number, string]} strokes the width and the color of each
 */
function strokeOn(pen, ...strokes) {
  for (const [width, color] of strokes) {
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} path
 * @param {string} ink
 */
function paintPath(pen, path, ink) {
  pen.beginPath();
  for (let k = 0; k < path.length; k += 2) pen.lineTo(path[k], path[k + 1]);
  pen.closePath();
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.globalAlpha = 0.08;
  pen.fill();
  pen.globalAlpha = 1;
}

/**
 * The name of each group where most of it is; with a halo, which makes it legible on points of every color.
 * @param {import("./map.js").SampleMap} map
 * @param {string} ink
 * @param {string} paper
 */
function paintLabels(map, ink, paper) {
  const { pen, view, grouping } = map;
  if (!grouping) return;
  pen.font = `600 14px ${getComputedStyle(map.host).fontFamily}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  const labels = map.labels.slice(0, MOST_LABELS).map(({ group, x, y }) => {
    const name = grouping.names[group];
    const text = name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
    const [px, py] = view.toScreen(x, y);
    return { text, x: px, y: py, width: pen.measureText(text).width + 8, height: 19 };
  });
  for (const { text, x, y } of placeLabels(labels, view.width, view.height)) {
    pen.strokeStyle = paper;
    pen.lineWidth = 4;
    pen.globalAlpha = 0.85;
    pen.strokeText(text, x, y);
    pen.globalAlpha = 1;
    pen.fillStyle = ink;
    pen.fillText(text, x, y);
  }
}
