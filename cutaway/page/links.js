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
    if (places.length < names.length) button.textContent = `Show ${places.length} of ${names.length} samples on the map`;
    button.addEventListener("click", () => explorer.present(places));
  }
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-matrix] button"))) {
    const [label, predicted] = [Number(button.dataset.true), Number(button.dataset.predicted)];
    button.addEventListener("click", () => {
      const places = explorer.confused(label, predicted);
      if (places.length) explorer.present(places);
      else button.title += ", none of them on the map";
      button.disabled = !places.length;
    });
  }
}
