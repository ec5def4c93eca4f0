import { element } from "../core/elements.js";

const STYLE = `:host { display: block; position: relative; overflow: hidden; contain: strict; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
#top { touch-action: pan-y; cursor: crosshair; }
#top:focus-visible { outline: 2px solid var(--accent, Highlight); outline-offset: -2px; border-radius: inherit; }
#said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }`;

/**
 * What a map consists of: its points, what is above them and takes gestures, and what a screen reader says.
 * @param {string} label
 * @returns {HTMLElement[]}
 */
export function mapElements(label) {
  const keys = "Arrow keys move, plus and minus zoom, n goes to the next sample, Enter shows it, Escape clears.";
  return [
    element("style", { text: STYLE }),
    element("canvas", { id: "points", "aria-hidden": "true" }),
    element("canvas", {
      id: "top",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map",
      "aria-label": `${label}. ${keys}`,
      "data-lm-suppress-shortcuts": "true", // JupyterLab would take the keys
    }),
    element("div", { id: "said", "aria-live": "polite" }),
  ];
}
