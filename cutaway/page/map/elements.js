const MAP_STYLE = `:host { display: block; position: relative; overflow: hidden; contain: strict; }
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
  const style = document.createElement("style");
  style.textContent = MAP_STYLE;
  const points = document.createElement("canvas");
  points.id = "points";
  points.setAttribute("aria-hidden", "true");
  const top = document.createElement("canvas");
  top.id = "top";
  top.tabIndex = 0;
  const keys = "Arrow keys move, plus and minus zoom, n goes to the next sample, Enter shows it, Escape clears.";
  for (const [name, value] of [
    ["role", "application"],
    ["aria-roledescription", "map"],
    ["aria-label", `${label}. ${keys}`],
    ["data-lm-suppress-shortcuts", "true"], // JupyterLab would take the keys
  ]) {
    top.setAttribute(name, value);
  }
  const said = document.createElement("div");
  said.id = "said";
  said.setAttribute("aria-live", "polite");
  return [style, points, top, said];
}
