/** Attributes by which notebooks say what they look like. */
const SAID = ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme", "theme", "class"];

/** A background that is darker than this, from 0 to 1, is dark. */
const DARK = 0.5;

/**
 * Whether a notebook is dark around an element: as it says, or as its background is, or else as the system prefers.
 * @param {Element} place
 */
export function isNotebookDark(place) {
  const { body, documentElement: root } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false"; // JupyterLab, Notebook 7
  const kind = body.dataset.vscodeThemeKind ?? [...body.classList].find((name) => name.startsWith("vscode-"));
  if (kind) return /dark|contrast$/.test(kind);
  const theme = root.getAttribute("theme") ?? root.dataset.theme ?? body.dataset.theme; // Colab, documentation
  if (theme === "dark" || theme === "light") return theme === "dark";
  for (let around = /** @type {Element | null} */ (place); around; around = around.parentElement) {
    const level = brightness(getComputedStyle(around).backgroundColor);
    if (level !== null) return level < DARK;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * @param {string} color as the browser computes it
 * @returns {number | null} 0..1; null for one that shows what is behind it
 */
function brightness(color) {
  const [red, green, blue, alpha = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
  if (blue === undefined || alpha < 0.5 || !color.startsWith("rgb")) return null;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

/**
 * Call a listener whenever the notebook may have become light or dark.
 * @param {() => void} listener
 * @param {AbortSignal} ended
 */
export function watchNotebook(listener, ended) {
  const watching = new MutationObserver(listener);
  for (const element of [document.documentElement, document.body]) {
    watching.observe(element, { attributes: true, attributeFilter: SAID });
  }
  ended.addEventListener("abort", () => watching.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener, { signal: ended });
}
