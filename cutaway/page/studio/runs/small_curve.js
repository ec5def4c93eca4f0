const CURVE_WIDTH = 96;
const CURVE_HEIGHT = 28;

/**
 * A small picture of how the loss fell: of the training samples, and, in front of it, of the validation samples.
 * @param {Record<string, (number | null)[]> | undefined} curves
 * @returns {SVGElement | null} null where nothing was measured
 */
export function smallCurve(curves) {
  const lines = [curves?.loss ?? [], curves?.val_loss ?? []];
  const values = lines.flat().filter((value) => value !== null);
  if (!values.length) return null;
  // losses fall by powers of ten, and in a linear picture only the first epochs would be seen
  const scale = values.every((value) => value > 0) ? Math.log : Number;
  const [low, high] = [scale(Math.min(...values)), scale(Math.max(...values))];
  const svg = svgPart("svg", { viewBox: `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`, class: "small-curve", role: "img" });
  svg.setAttribute("aria-label", curveWords(lines[1].some((value) => value !== null) ? lines[1] : lines[0]));
  for (const [k, line] of lines.entries()) {
    const points = line.flatMap((value, i) => {
      if (value === null) return [];
      const x = line.length === 1 ? CURVE_WIDTH / 2 : 2 + (i / (line.length - 1)) * (CURVE_WIDTH - 4);
      const y = 2 + (high === low ? 0.5 : (high - scale(value)) / (high - low)) * (CURVE_HEIGHT - 4);
      return [`${x.toFixed(1)},${y.toFixed(1)}`];
    });
    if (points.length === 1) points.push(points[0]); // a dot, by the round end of its line
    if (points.length) svg.append(svgPart("polyline", { points: points.join(" "), class: k ? "validation" : "training" }));
  }
  return svg;
}

/** @param {(number | null)[]} values */
function curveWords(values) {
  const known = values.filter((value) => value !== null);
  const [first, last] = [known[0], known[known.length - 1]];
  return `loss ${first.toPrecision(3)}${known.length > 1 ? `, then ${last.toPrecision(3)}` : ""}`;
}

/**
 * @param {string} tag
 * @param {Record<string, string>} given
 * @returns {SVGElement}
 */
function svgPart(tag, given) {
  const made = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  return made;
}
