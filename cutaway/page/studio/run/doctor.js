import { element, textButton } from "../../core/elements.js";
import { capitalized } from "../../core/words.js";
import { fetchPart } from "./parts.js";
import { mayWrite } from "../server.js";
import { showWork } from "./work.js";

/**
 * What is wrong with a run, and tests of what would help.
 * @param {HTMLElement} host
 * @param {any} run as `api/runs/ID` says it
 */
export function showDoctor(host, run) {
  const line = element("div");
  const list = element("ul", { class: "cards large doctor-findings" });
  const unjudged = element("p", { class: "caption" });
  const title = element("h2", { id: "doctor-title", text: "What would help" });
  host.append(element("section", { id: "doctor", "aria-labelledby": "doctor-title" }, title, line, list, unjudged));
  void showWork(line, { title: "Examining the run", kind: "doctor", given: { run: run.id } }, async (key) => {
    const { findings, unjudged: words } = await fetchPart(key, "doctor");
    list.replaceChildren(...findings.map((/** @type {any} */ finding) => findingCard(run, finding)));
    unjudged.textContent = words.join(" ");
  });
}

/**
 * @param {any} run
 * @param {{ kind: string, severity: string, title: string, text: string, remedy: string | null, untried: string,
 *   consequences: { title: string, text: string }[], about: string[] }} finding
 */
function findingCard(run, { kind, severity, title, text, remedy, untried, consequences, about }) {
  const place = element("div", { class: "remedy-test", "aria-live": "polite" });
  const tryRemedy = () => {
    place.replaceChildren();
    const work = { title: "Trying the remedy", kind: "remedy", given: { run: run.id, finding: kind }, cancels: true };
    void showWork(place, work, async (key) => {
      const { words, helped, worse } = await fetchPart(key, "remedy");
      const [tone, text] = worse ? ["warning", "It does harm"] : helped ? ["good", "It helps"] : ["note", "May be chance"];
      const verdict = element("p", { class: `severity ${tone}`, text });
      place.replaceChildren(verdict, element("p", { class: "remedy-words", text: words }));
    });
  };
  if (remedy && untried) place.append(element("p", { class: "caption", text: `It cannot be tried: ${untried}.` }));
  else if (remedy && mayWrite()) place.append(textButton("Try it", tryRemedy));
  return element(
    "li",
    { class: severity, "data-kind": kind },
    element("p", { class: "severity", text: capitalized(severity) }),
    element("h3", { text: title }),
    element("p", { text }),
    remedy ? element("p", { class: "help", text: `${capitalized(remedy)}.` }) : null,
    place,
    consequences.length
      ? folded(
          `This explains ${consequences.length} other finding${consequences.length === 1 ? "" : "s"}`,
          consequences.map(({ title, text }) => element("p", {}, element("strong", { text: `${title}.` }), ` ${text}`)),
        )
      : null,
    folded(`About ${kind}`, about.map((text) => element("p", { text }))),
  );
}

/**
 * Paragraphs below a line that opens them.
 * @param {string} line
 * @param {HTMLElement[]} paragraphs
 */
function folded(line, paragraphs) {
  return element("details", { class: "consequences" }, element("summary", { text: line }), ...paragraphs);
}
