/**
 * Let buttons of other sections select samples in the explorer: those of cards name their samples, those of a confusion
 * matrix a true and a predicted class.
 * @param {import("./explorer/explorer.js").Explorer} explorer
 */
export function linkSections(explorer) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("button[data-samples]"))) {
    const names = /** @type {string[]} */ (JSON.parse(button.dataset.samples ?? "[]"));
    const places = names.map((name) => explorer.samples.places.get(name)).filter((place) => place !== undefined);
    if (!places.length) continue; // such as training samples where test samples are shown
    button.hidden = false;
    button.addEventListener("click", () => explorer.present(places));
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-matrix] button"))) {
    const [label, predicted] = [Number(button.dataset.true), Number(button.dataset.predicted)];
    button.addEventListener("click", () => explorer.present(explorer.confused(label, predicted)));
  }
}
