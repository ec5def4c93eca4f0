/** Folded content of sections, which is printed too. */
const FOLDED = "section > details:not([open])";

/** @type {(() => void)[]} */
const listeners = [];

/**
 * Whether the page, or a widget of a notebook, is dark: as its button or the notebook says, or else as the system prefers.
 * @param {Element} [host]
 */
export function isDark(host = document.documentElement) {
  const chosen = getComputedStyle(host).colorScheme;
  return ["light", "dark"].includes(chosen) ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * Call a listener whenever the page becomes light or dark.
 * @param {() => void} listener
 * @param {AbortSignal} [signal] ends it
 */
export function onScheme(listener, signal) {
  listeners.push(listener);
  signal?.addEventListener("abort", () => listeners.splice(listeners.indexOf(listener), 1));
}

/** Say that the page has become light or dark. */
export function announceScheme() {
  for (const listener of [...listeners]) listener();
}

/**
 * Follow the system, a button, and paper: printed pages are light.
 * @param {HTMLElement} button
 */
export function followScheme(button) {
  const root = document.documentElement;
  const name = () => (button.textContent = isDark() ? "Light page" : "Dark page");
  listeners.unshift(name);
  name();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.scheme = isDark() ? "light" : "dark";
    announceScheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceScheme);
  /** @type {string | undefined} */
  let onScreen;
  /** @type {HTMLDetailsElement[]} */
  const opened = [];
  addEventListener("beforeprint", () => {
    onScreen = root.dataset.scheme;
    root.dataset.scheme = "light";
    for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(FOLDED))) {
      details.open = true;
      opened.push(details);
    }
    announceScheme();
  });
  addEventListener("afterprint", () => {
    if (onScreen === undefined) delete root.dataset.scheme;
    else root.dataset.scheme = onScreen;
    for (const details of opened.splice(0)) details.open = false;
    announceScheme();
  });
}

/**
 * A color of the page as the browser uses it: `light-dark()` is resolved only where a color is used, so a temporary
 * element uses it.
 * @param {string} name such as "ink"
 */
export function tone(name) {
  const used = document.body.appendChild(document.createElement("span"));
  used.style.color = `var(--${name})`;
  const { color } = getComputedStyle(used);
  used.remove();
  return color;
}
