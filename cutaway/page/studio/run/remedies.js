import { element, textButton } from "../../core/elements.js";
import { fetchPart } from "./parts.js";
import { mayWrite } from "../server.js";
import { showWork } from "./work.js";

/**
 * Offer to try the remedies of findings, each in its place.
 * @param {HTMLElement} section that has findings
 * @param {any} run as `api/runs/ID` says it
 */
export function offerRemedies(section, run) {
  if (!mayWrite()) return;
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-remedy]"))) {
    const tryRemedy = () => {
      place.replaceChildren();
      const work = { title: "Trying the remedy", kind: "remedy", given: { run: run.id, finding: place.dataset.remedy }, cancels: true };
      void showWork(place, work, async (key) => {
        const { words, helped, worse } = await fetchPart(key, "remedy");
        const [tone, text] = worse ? ["warning", "It does harm"] : helped ? ["good", "It helps"] : ["note", "May be chance"];
        place.replaceChildren(element("p", { class: `severity ${tone}`, text }), element("p", { class: "remedy-words", text: words }));
      });
    };
    place.append(textButton("Try it", tryRemedy));
  }
}
