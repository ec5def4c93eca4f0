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
 * @param {Record<string, any>} task what is on the map, as `explore` takes it
 */
export function offerConcept(explorer, selection, { run, split }) {
  const { store, samples } = explorer;
  const beyond = element("input", { type: "checkbox", onchange: () => forget() });
  const answer = element("div", { class: "concept-answer" });
  let asking = new AbortController();
  /** An answer is about what was selected when it was asked for. */
  const forget = () => {
    asking.abort();
    asking = new AbortController();
    answer.replaceChildren();
  };
  const ask = textButton("What do they have in common?", () => {
    forget();
    const { epochShown, selection: chosen } = store.state;
    const given = {
      ...{ run, split, within_class: beyond.checked, epoch: samples.record.epochs[epochShown] },
      samples: Array.from(chosen, (index) => samples.names[index]),
    };
    const line = element("div");
    answer.replaceChildren(line);
    void showWork(line, { title: "Comparing them with random selections", kind: "concept", given, cancels: true, signal: asking.signal }, async (key) =>
      line.replaceWith(sectionElement(await fetchPart(key, "concept"))),
    );
  });
  const reason = element("p", { class: "hint" });
  selection.append(element("div", { class: "concept" }, ask, element("label", {}, beyond, " beyond their class"), reason, answer));
  store.watch(["selection"], ({ selection: { length } }) => {
    forget();
    ask.disabled = length < FEWEST || length > MOST;
    reason.textContent = ask.disabled ? `Of ${FEWEST} to ${grouped(MOST)} selected samples it can be measured what they have in common.` : "";
  });
}
