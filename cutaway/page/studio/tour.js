import { element, textButton } from "../core/elements.js";
import { goTo, mayWrite, pathParts } from "./server.js";

/** Which step a person has come to; it lasts as long as the tab. */
const STEP = "cutaway-tour";
/** That it was offered once; it lasts. */
const OFFERED = "cutaway-tour-offered";

/**
 * The steps: the page of each, what it points at, what it says, and where the next one is. "RUN" is the run
 * of the page.
 * @type {{ page: RegExp, target: string, title: string, text: string, next: string, action: string }[]}
 */
const STEPS = [
  {
    page: /^$/,
    target: ".runs-head",
    title: "Every training is a run",
    text: "This list shows them all, including those that a terminal or a notebook is training. Let us train one, on 1,797 small images of digits.",
    next: "train?data=bundled/digits",
    action: "Go to Train",
  },
  {
    page: /^train$/,
    target: ".train-form .primary",
    title: "Data, a model, and its settings",
    text: "A field that you leave empty takes the value in gray. Press Start training; the tour continues when the training has begun.",
    next: "",
    action: "",
  },
  {
    page: /^runs\/[^/]+$/,
    target: ".live-head",
    title: "It learns",
    text: "Loss and accuracy are drawn after every epoch, and a verdict says in words what they mean. Training continues when you close this page.",
    next: "runs/RUN",
    action: "Look inside",
  },
  {
    page: /^runs\/[^/]+$/,
    target: ".views",
    title: "Cut it open",
    text: "Every layer has a map of all samples: similar ones are close together. Click a sample to see its path through the layers, and move the slider to see when the model learned it.",
    next: "runs/RUN/label-issues",
    action: "Look for wrong labels",
  },
  {
    page: /^runs\/[^/]+\/label-issues$/,
    target: "main",
    title: "Which labels are wrong?",
    text: "Models that never saw a sample judge its label. Go through the label issues with the keyboard, then train again from the same seed and see what changed. This is the end of the tour.",
    next: "",
    action: "",
  },
];

/** Show the step of the tour that belongs to this page, or offer the tour on a first visit. */
export function followTour() {
  if (!mayWrite()) return; // it trains a model
  const path = pathParts().join("/");
  const at = Number(sessionStorage.getItem(STEP) ?? -1);
  const found = [at, at + 1].find((step) => STEPS[step]?.page.test(path)); // the next one: they went there by themselves
  if (at >= 0 && found !== undefined) showStep(found);
  else if (!path && !localStorage.getItem(OFFERED)) offer();
}

/** Begin it, from any page. */
export function startTour() {
  localStorage.setItem(OFFERED, "yes");
  sessionStorage.setItem(STEP, "0");
  goTo(".");
}

/** @param {number} step */
function showStep(step) {
  sessionStorage.setItem(STEP, String(step));
  const { target, title, text, next, action } = STEPS[step];
  const end = () => {
    sessionStorage.removeItem(STEP);
    panel.remove();
    mark(null);
  };
  const run = encodeURIComponent(pathParts()[1] ?? "");
  const go = element("a", { class: "button main", href: next.replace("RUN", run) || ".", text: action });
  go.addEventListener("click", (event) => {
    sessionStorage.setItem(STEP, String(step + 1));
    if (!STEPS[step + 1].page.test(pathParts().join("/"))) return;
    event.preventDefault(); // the next step is on this page
    panel.remove();
    showStep(step + 1);
  });
  const last = step === STEPS.length - 1;
  const leave = textButton(last ? "Done" : "End the tour", end);
  const panel = showPanel({ count: `Step ${step + 1} of ${STEPS.length}`, title, text }, leave, action ? go : null);
  mark(target);
}

/**
 * Outline what a step speaks of, as soon as it is there, and bring it into view.
 * @param {string | null} target
 */
function mark(target) {
  document.querySelector(".tour-target")?.classList.remove("tour-target");
  if (!target) return;
  const found = document.querySelector(target);
  if (!found) {
    setTimeout(() => document.querySelector(".tour") && !document.querySelector(".tour-target") && mark(target), 250);
    return;
  }
  found.classList.add("tour-target");
  found.scrollIntoView({ block: "center" });
}

function offer() {
  const answer = () => {
    localStorage.setItem(OFFERED, "yes");
    panel.remove();
  };
  const text = "A tour of five steps trains a small model, opens it, and looks for wrong labels. It takes two minutes.";
  const buttons = [textButton("No, thanks", answer), textButton("Take the tour", startTour, { class: "main" })];
  const panel = showPanel({ title: "Here for the first time?", text }, ...buttons);
}

/**
 * @param {{ count?: string, title: string, text: string }} words
 * @param {...(HTMLElement | null)} buttons
 */
function showPanel({ count, title, text }, ...buttons) {
  const said = [count ? element("p", { class: "tour-count", text: count }) : null, element("h2", { text: title }), element("p", { text })];
  const panel = element("aside", { class: "tour", "aria-label": "Tour" }, ...said, element("div", { class: "studio-buttons" }, ...buttons));
  document.body.append(panel);
  return panel;
}
