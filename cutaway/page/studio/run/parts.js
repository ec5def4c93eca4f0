import { Bundle } from "../../core/bundle.js";
import { fragment } from "../elements.js";
import { ask, askBytes } from "../server.js";

/**
 * A section as the server hands it out; see `cutaway.page.SectionPart`.
 * @typedef {{ name: string, title: string, view: string, entries: number | null, html: string, figures: import("../../core/charts.js").FigureRecord[],
 *   explorers: import("../../explorer/samples.js").ExplorerRecord[],
 *   sheets: import("./label_sheet.js").LabelSheetRecord[], arrays: import("../../core/bundle.js").ArrayRecord[] }} SectionRecord
 */

/**
 * The document of a part of a result.
 * @param {string} key
 * @param {string} name
 * @returns {Promise<any>}
 */
export function fetchPart(key, name) {
  return ask(`api/parts/${key}/${name}`);
}

/**
 * The arrays of a section, which are fetched when they are wanted.
 * @param {string} key
 * @param {SectionRecord} section
 */
export function partArrays(key, { name, arrays }, part = name) {
  return new Bundle(arrays, (index) => askBytes(`api/parts/${key}/${part}/${index}`));
}

/**
 * The element of a section.
 * @param {SectionRecord} section
 */
export function sectionElement({ html }) {
  return /** @type {HTMLElement} */ (fragment(html).firstElementChild);
}
