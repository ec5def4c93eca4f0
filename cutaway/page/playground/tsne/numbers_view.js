// The table of what a map keeps of the data, in numbers.

import { element } from "../../core/elements.js";
import { percent } from "../../core/words.js";

/** @typedef {import("./measures.js").Measures} Measures */
/** @typedef {import("./measures.js").GroupMeasures} GroupMeasures */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} data
 * @property {string} map
 */

/**
 * By which factor the largest value of the data exceeds the smallest there, and what the map shows of these two.
 * @param {number[]} inData
 * @param {number[]} inMap
 */
function extremes(inData, inMap) {
  const low = inData.indexOf(Math.min(...inData));
  const high = inData.indexOf(Math.max(...inData));
  return { low, high, data: inData[high] / inData[low], map: inMap[high] / inMap[low] };
}

/**
 * The pairs of groups in the order of `GroupMeasures.distances`.
 * @param {string[]} names
 */
function pairsOf(names) {
  return names.flatMap((one, k) => names.slice(k + 1).map((other) => `${shortName(one)}–${shortName(other)}`));
}

const shortName = (/** @type {string} */ name) => name.split(",")[0];

/** A ratio with three digits. */
const ratio = (/** @type {number} */ value) => `${short(value)} : 1`;

const short = (/** @type {number} */ value) => String(Number(value.toPrecision(value < 1 ? 2 : 3)));

/**
 * @param {Measures} measures
 * @param {string[]} groupNames
 * @returns {Row[]}
 */
export function rowsOf({ kept, chance, inData, inMap, seen, gaps }, groupNames) {
  const rows = [{ name: `10 nearest neighbors kept (at random: ${percent(chance, 0)})`, data: "100%", map: percent(kept, 0) }];
  if (inData && inMap) {
    const widths = extremes(inData.spreads, inMap.spreads);
    const named = (/** @type {number} */ k) => shortName(groupNames[k]);
    if (widths.low !== widths.high) rows.push({ name: `Width of ${named(widths.high)} to width of ${named(widths.low)}`, data: ratio(widths.data), map: ratio(widths.map) });
    if (inData.distances.length > 1) {
      const pairs = pairsOf(groupNames);
      const far = extremes(inData.distances, inMap.distances);
      rows.push({ name: `Distance ${pairs[far.high]} to distance ${pairs[far.low]}`, data: ratio(far.data), map: ratio(far.map) });
    } else {
      rows.push({ name: `Distance ${pairsOf(groupNames)[0]} to the mean width`, data: ratio(inWidths(inData)), map: ratio(inWidths(inMap)) });
    }
  }
  const isSeen = gaps !== null;
  rows.push({ name: "Groups seen on the map", data: groupNames.length > 1 ? `${groupNames.length} made` : "none made", map: isSeen ? String(seen.length) : "none" });
  if (gaps) rows.push({ name: "Gaps between those seen, in distances to the nearest point", data: gaps.data.toFixed(1), map: gaps.map.toFixed(1) });
  return rows;
}

/** @param {GroupMeasures} groups */
function inWidths({ distances, spreads }) {
  return (distances[0] * spreads.length) / spreads.reduce((sum, value) => sum + value, 0);
}

/** Shows the measures, and changes only what has changed. */
export class NumbersView {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.main = element("tbody", {});
    this.distances = element("tbody", {});
    const title = "Distances between the means of groups";
    const pairs = element("div", { class: "tsne-pairs", tabindex: "0", role: "region", "aria-label": title }, tableOf("Pair", this.distances));
    this.fold = element("details", {}, element("summary", { text: title }), pairs);
    const about = "The last row measures the gap between the same points in the data. A gap of 1 or 2 is no gap: points are that far from each other anyway.";
    this.about = element("p", { class: "hint", text: about });
    host.append(tableOf("", this.main), this.about, this.fold);
  }

  /**
   * @param {Measures} measures
   * @param {string[]} groupNames
   */
  show(measures, groupNames) {
    const { inData, inMap } = measures;
    fill(this.main, rowsOf(measures, groupNames));
    this.about.hidden = measures.gaps === null;
    this.fold.hidden = !inData;
    if (!inData || !inMap) return;
    fill(this.distances, pairsOf(groupNames).map((name, k) => ({ name, data: short(inData.distances[k]), map: short(inMap.distances[k]) })));
  }
}

/**
 * @param {string} first
 * @param {HTMLElement} body
 */
function tableOf(first, body) {
  const head = ["In the data", "On the map"].map((text) => element("th", { scope: "col", text }));
  return element("table", { class: "numbers" }, element("thead", {}, element("tr", {}, element("td", { text: first }), ...head)), body);
}

/**
 * @param {HTMLElement} body
 * @param {Row[]} rows
 */
function fill(body, rows) {
  body.replaceChildren(...rows.map(({ name, data, map }) => element("tr", {}, element("th", { scope: "row", text: name }), element("td", { text: data }), element("td", { text: map }))));
}
