import { element } from "../core/elements.js";
import { announceScheme } from "../core/scheme.js";
import { grouped } from "../core/words.js";
import { Explorer } from "../explorer/explorer.js";
import { bundleFromKernel } from "./arrays.js";
import { keepInStep, traitsOf } from "./sync.js";
import { isNotebookDark, watchNotebook } from "./theme.js";

/**
 * Show an explorer in the output of a cell, as anywidget asks for it. It is in a shadow root: neither its styles nor
 * those of the notebook reach each other.
 * @param {{ model: import("./arrays.js").WidgetModel, el: HTMLElement }} given
 * @returns {() => void} ends it, and gives back what it holds
 */
export function render({ model, el }) {
  const ending = new AbortController();
  const { signal } = ending;
  // JupyterLab would take the keys; what is inside the shadow root it cannot see
  const shell = element("div", { "data-lm-suppress-shortcuts": "true" });
  const root = shell.attachShadow({ mode: "open" });
  const style = element("style", { text: model.get("_style") });
  const record = model.get("_record").explorer;
  const waiting = `The map of ${grouped(record.count)} samples comes from the kernel, which may be busy.`;
  const host = element("div", { class: "explorer" }, element("p", { class: "hint", text: waiting }));
  host.style.setProperty("--map-height", `${model.get("height")}px`);
  root.append(style, host);
  el.append(shell);
  const adapt = () => {
    const scheme = isNotebookDark(el) ? "dark" : "light";
    if (shell.dataset.scheme === scheme) return;
    shell.dataset.scheme = scheme;
    announceScheme();
  };
  watchNotebook(adapt, signal);
  requestAnimationFrame(adapt); // once it is in the notebook, whose background may tell
  adapt();

  const explorer = new Explorer(host, record, bundleFromKernel(model, signal));
  Object.assign(shell, { explorer }); // for scripts of others, and for tests
  void start(explorer, model, signal).catch((error) => {
    host.replaceChildren(element("p", { text: `The map could not be drawn: ${error}.` }));
    throw error;
  });
  return () => {
    ending.abort();
    explorer.release();
    shell.remove();
  };
}

/**
 * @param {Explorer} explorer
 * @param {import("./arrays.js").WidgetModel} model
 * @param {AbortSignal} signal
 */
async function start(explorer, model, signal) {
  const { layer, epoch, color } = traitsOf(model);
  explorer.store.set({ layer, epoch, color });
  await explorer.show();
  if (signal.aborted) return;
  keepInStep(model, explorer, signal);
  hideStill(model.get("_key"), signal);
  await explorer.complete();
}

/**
 * Hide the picture that the notebook keeps below the widget, as long as the widget is alive.
 * @param {string} key
 * @param {AbortSignal} signal
 */
function hideStill(key, signal) {
  const still = `.cutaway-still-${key}`;
  const rule = element("style", { text: `${still}, .jp-OutputArea-child:has(${still}) { display: none !important; }` });
  document.head.append(rule);
  signal.addEventListener("abort", () => rule.remove());
}
