import { counted } from "./core/words.js";

const SHOWS_SAMPLES = "button[data-samples], button[data-search]";

/** Cells of confusion matrices; they are disabled in the page, and work once there is a map. */
const MATRIX_CELLS = "[data-matrix] button";

/**
 * Let buttons of other sections select samples in the explorer: in cards they name samples or a search, in a
 * confusion matrix a true and a predicted class.
 * @param {import("./explorer/explorer.js").Explorer} explorer
 * @param {ParentNode} [root] where the sections are
 */
export function linkSections(explorer, root = document) {
  const signal = explorer.parts?.ended;
  for (const hint of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-needs-map]"))) hint.hidden = false;
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(SHOWS_SAMPLES))) {
    const { samples, search } = button.dataset;
    const names = /** @type {string[]} */ (JSON.parse(samples ?? "[]"));
    const places =
      search === undefined
        ? names.map((name) => explorer.samples.places.get(name)).filter((place) => place !== undefined)
        : explorer.find(search);
    button.hidden = !places.length; // such as training samples where test samples are shown
    if (!places.length) continue;
    if (search !== undefined) button.textContent = `Show ${counted(places.length, "sample")} on the map`;
    else if (places.length < names.length) button.textContent = `Show ${places.length} of ${names.length} samples on the map`;
    button.addEventListener("click", () => explorer.present(places), { signal });
  }
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll(MATRIX_CELLS))) {
    const [label, predicted] = [Number(button.dataset.true), Number(button.dataset.predicted)];
    button.disabled = false;
    const show = () => {
      const places = explorer.confused(label, predicted);
      if (places.length) explorer.present(places);
      else button.title += ", none of them on the map";
      button.disabled = !places.length;
    };
    button.addEventListener("click", show, { signal });
  }
}

/** Say at cells of confusion matrices why a click on them does nothing. */
export function explainMissingMap() {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(MATRIX_CELLS))) {
    button.title += "; the map could not be drawn";
  }
}
