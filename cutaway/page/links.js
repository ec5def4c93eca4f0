import { counted } from "./core/elements.js";

const SHOWS_SAMPLES = "button[data-samples], button[data-search]";

/** Cells of confusion matrices; they are disabled in the page, and work once there is a map. */
const MATRIX_CELLS = "[data-matrix] button";

/**
 * Let buttons of other sections select samples in the explorer: those of cards name their samples or a search, those of
 * a confusion matrix a true and a predicted class.
 * @param {import("./explorer/explorer.js").Explorer} explorer
 */
export function linkSections(explorer) {
  for (const said of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-needs-map]"))) said.hidden = false;
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(SHOWS_SAMPLES))) {
    const { samples, search } = button.dataset;
    const names = /** @type {string[]} */ (JSON.parse(samples ?? "[]"));
    const places =
      search === undefined
        ? names.map((name) => explorer.samples.places.get(name)).filter((place) => place !== undefined)
        : explorer.find(search);
    if (!places.length) continue; // such as training samples where test samples are shown
    button.hidden = false;
    if (search !== undefined) button.textContent = `Show ${counted(places.length, "sample")} on the map`;
    else if (places.length < names.length) button.textContent = `Show ${places.length} of ${names.length} samples on the map`;
    button.addEventListener("click", () => explorer.present(places));
  }
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(MATRIX_CELLS))) {
    const [label, predicted] = [Number(button.dataset.true), Number(button.dataset.predicted)];
    button.disabled = false;
    button.addEventListener("click", () => {
      const places = explorer.confused(label, predicted);
      if (places.length) explorer.present(places);
      else button.title += ", none of them on the map";
      button.disabled = !places.length;
    });
  }
}

/** Say at cells of confusion matrices why a click on them does nothing. */
export function explainMissingMap() {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(MATRIX_CELLS))) {
    button.title += "; the map could not be drawn";
  }
}
