import { element, textButton } from "../../core/elements.js";
import { grouped } from "../../core/words.js";
import { fetchPart, sectionElement } from "./parts.js";
import { showWork } from "./work.js";

/** Fewest and most samples whose concept can be measured; see `cutaway.topics.concept`. */
const [FEWEST, MOST] = [8, 1000];

/**
 * Offer to measure what the selected samples have in common, below the selection.
 * @param {import("../../explorer/explorer.js").Explorer} explorer that is shown
 * @param {HTMLElement} selection where it shows them
 * @param {string} run
 */
export function offerConcept(explorer, selection, run) {
  const { store, samples } = explorer;
  const beyond = element("input", { type: "checkbox" });
  const line = element("div");
  const answer = element("div", { class: "concept-answer" });
  const ask = textButton("What do they have in common?", () => {
    const { epochShown, selection: chosen } = store.state;
    const given = {
      run,
      samples: Array.from(chosen, (index) => samples.names[index]),
      epoch: samples.record.epochs[epochShown],
      within_class: beyond.checked,
    };
    answer.replaceChildren();
    void showWork(line, { title: "Comparing them with random selections", kind: "concept", given, cancels: true }, async (key) => {
      const section = sectionElement(await fetchPart(key, "concept"));
      if (store.state.selection === chosen) answer.replaceChildren(section);
    });
  });
  const reason = element("p", { class: "hint" });
  selection.append(
    element("div", { class: "concept" }, ask, element("label", {}, beyond, " beyond their class"), reason, line, answer),
  );
  store.watch(["selection"], ({ selection: { length } }) => {
    answer.replaceChildren();
    ask.disabled = length < FEWEST || length > MOST;
    reason.textContent = ask.disabled ? `Of ${FEWEST} to ${grouped(MOST)} selected samples it can be measured what they have in common.` : "";
  });
}
