import { element } from "../../core/elements.js";
import { fetchPart } from "./parts.js";
import { mayWrite } from "../server.js";
import { doWork, failureLine, progressLine } from "./work.js";

/**
 * What is wrong with a run, and proofs of what would help.
 * @param {HTMLElement} host
 * @param {any} run as `api/runs/ID` says it
 */
export function showDoctor(host, run) {
  const line = element("div");
  const list = element("ul", { class: "cards large doctor-findings" });
  const unjudged = element("p", { class: "caption" });
  const title = element("h2", { id: "doctor-title", text: "What would help" });
  host.append(element("section", { id: "doctor", "aria-labelledby": "doctor-title" }, title, line, list, unjudged));
  const start = async (again = false) => {
    const progress = progressLine({ title: "Examining the run" });
    try {
      const key = await doWork("doctor", { run: run.id }, {
        again,
        onState: (state) => {
          if (state.state === "done") return;
          line.replaceChildren(progress.host);
          progress.show(state);
        },
      });
      const found = await fetchPart(key, "doctor");
      line.replaceChildren();
      list.replaceChildren(...found.findings.map((/** @type {any} */ finding) => findingCard(run, finding)));
      unjudged.textContent = found.unjudged.join(" ");
    } catch (error) {
      line.replaceChildren(failureLine(error, () => void start(true)));
    }
  };
  void start();
}

/**
 * @param {any} run
 * @param {{ kind: string, severity: string, title: string, text: string, remedy: string | null, untried: string }} finding
 */
function findingCard(run, { kind, severity, title, text, remedy, untried }) {
  const place = element("div", { class: "proof", "aria-live": "polite" });
  const prove = async (again = false) => {
    const canceling = new AbortController();
    const line = progressLine({ title: "Trying the remedy", cancel: () => canceling.abort() });
    place.replaceChildren(line.host);
    try {
      const key = await doWork("proof", { run: run.id, finding: kind }, { again, signal: canceling.signal, onState: line.show });
      const { words, helped } = await fetchPart(key, "proof");
      const verdict = element("p", { class: helped ? "severity good" : "severity note", text: helped ? "It helps" : "Not proven" });
      place.replaceChildren(verdict, element("p", { class: "proof-words", text: words }));
    } catch (error) {
      place.replaceChildren(failureLine(error, () => void prove(true)));
    }
  };
  const button = element("button", { type: "button", text: "Prove it", onclick: () => void prove() });
  const capital = remedy && `${remedy[0].toUpperCase()}${remedy.slice(1)}.`;
  if (remedy && untried) place.append(element("p", { class: "caption", text: `It cannot be tried: ${untried}.` }));
  else if (remedy && mayWrite()) place.append(button);
  return element(
    "li",
    { class: severity, "data-kind": kind },
    element("p", { class: "severity", text: severity[0].toUpperCase() + severity.slice(1) }),
    element("h3", { text: title }),
    element("p", { text }),
    capital ? element("p", { class: "help", text: capital }) : null,
    place,
  );
}
