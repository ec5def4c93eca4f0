import { Bundle } from "../../core/bundle.js";
import { element } from "../../core/elements.js";
import { drawFigures } from "../../figures.js";
import { ask, askBytes } from "../server.js";

/**
 * A section as the server hands it out; see `cutaway.page.SectionPart`.
 * @typedef {{ name: string, title: string, html: string, figures: any[],
 *   explorers: import("../../explorer/samples.js").ExplorerRecord[],
 *   sheets: import("../../label_sheet.js").LabelSheetRecord[], arrays: import("../../core/bundle.js").ArrayRecord[] }} SectionRecord
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
 * The element of a section. Its HTML is made by templates of ours, in which every text is escaped; scripts in it would
 * not run, and the policy of the page admits none.
 * @param {SectionRecord} section
 * @returns {HTMLElement}
 */
export function sectionElement({ html }) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return /** @type {HTMLElement} */ (document.adoptNode(/** @type {Element} */ (parsed.body.firstElementChild)));
}

/** @type {Promise<void> | null} */
let loading = null;

/** Load BokehJS, which figures need, once. */
function loadBokeh() {
  loading ??= (async () => {
    for (const name of ["bokeh.min.js", "bokeh-gl.min.js"]) await loadScript(new URL(`../../bokeh/${name}`, import.meta.url).href);
    /** @type {any} */ (globalThis).Bokeh.set_log_level("warn"); // it would write its version to the console
  })();
  return loading;
}

/** @param {string} src */
function loadScript(src) {
  return new Promise((resolve, reject) => {
    const onerror = () => reject(new Error("BokehJS, which draws the figures, is not there: reinstall bokeh."));
    document.head.append(element("script", { src, onload: resolve, onerror }));
  });
}

/**
 * Draw the figures of a section that is in the page.
 * @param {SectionRecord} section
 */
export async function drawSection({ figures }) {
  if (!figures.length) return;
  await loadBokeh();
  await drawFigures(figures);
}
