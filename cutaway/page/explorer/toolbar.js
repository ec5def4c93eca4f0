import { element, labeled, textButton } from "../core/elements.js";
import { grouped } from "../core/words.js";

const MODES = /** @type {const} */ ([
  ["pan", "Move", "Drag to move the map. Shift-drag selects, Alt-drag removes from the selection."],
  ["box", "Box", "Drag a box to select. Shift adds, Alt removes."],
  ["lasso", "Lasso", "Drag around samples to select them. Shift adds, Alt removes."],
]);

/**
 * The controls above the map: color, search, what dragging does.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeToolbar({ store, samples, commands }) {
  const color = element("select", { onchange: () => store.set({ color: color.value, off: [] }) });
  const list = () => {
    const columns = [...samples.columns.values()].filter((column) => column.kind !== "text");
    color.replaceChildren(...columns.map(({ key, title }) => element("option", { value: key, text: title })));
  };
  const search = element("input", {
    type: "search",
    placeholder: exampleOf(samples),
    "aria-label": "Find samples",
    oninput: () => store.set({ search: search.value }),
  });
  const found = element("output", { class: "found", "aria-live": "polite" });
  const modes = MODES.map(([mode, text, title]) =>
    textButton(text, () => store.set({ mode }), { title }),
  );
  const reset = textButton("Whole map", () => commands.resetView());
  store.watch(["color"], list);
  store.watch(["color", "mode", "search"], (state) => {
    color.value = state.color;
    if (search.value !== state.search) search.value = state.search;
    for (const [k, button] of modes.entries()) button.setAttribute("aria-pressed", String(MODES[k][0] === state.mode));
  });
  store.watch(["shown", "fault"], ({ shown, fault }) => {
    found.textContent = fault || (shown < samples.count ? `${grouped(shown)} of ${grouped(samples.count)}` : "");
    found.classList.toggle("refused", fault !== "");
  });
  return element(
    "div",
    { class: "toolbar" },
    labeled("Color", color),
    element("label", { class: "search" }, element("span", { text: "Find" }), search, found),
    element("div", { class: "modes", role: "group", "aria-label": "What dragging does" }, ...modes),
    reset,
  );
}

/**
 * A search that finds something in these samples.
 * @param {import("./samples.js").Samples} samples
 */
function exampleOf({ columns }) {
  const name = columns.get("label")?.names.at(-1);
  const label = name === undefined ? [] : [`label:${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}`];
  const known = [["confidence", "confidence<0.5"], ["right", "wrong"]].filter(([key]) => columns.has(key));
  return [...label, ...known.map(([, word]) => word)].join(" ");
}
