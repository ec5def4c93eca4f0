import { element, rampLegend, swatch } from "../core/elements.js";
import { counted, grouped } from "../core/words.js";
import { MOST_RINGED } from "../map/map.js";

/**
 * What the colors and the rings mean, with the number of samples that are shown. A click on a category hides or shows its
 * samples.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeLegend({ store, samples, shared }) {
  const host = element("div", { class: "legend" });
  /** @type {(shown: boolean, name: string, change: object, ...content: Node[]) => void} */
  const toggle = (shown, name, change, ...content) => {
    const given = { type: "button", "aria-pressed": String(shown), title: `${shown ? "Hide" : "Show"} ${name}` };
    host.append(element("button", { ...given, onclick: () => store.set(change) }, ...content));
  };
  store.watch(["counts", "rings", "selection", "painted"], ({ color, epochShown, off, counts, rings }) => {
    const column = samples.columns.get(color);
    if (!column) return;
    const focused = [...host.querySelectorAll("button")].findIndex((button) => button.matches(":focus"));
    const { legend, range, ramp } = samples.coloring(color, epochShown, false);
    host.replaceChildren(element("p", { class: "legend-title", text: column.title }));
    const ends = range?.map((value) => samples.words(column, value));
    if (ends) host.append(rampLegend(ramp, ends));
    for (const { name, color: tone, count, code } of legend) {
      const shown = !off.includes(code);
      const words = counts[code] < count ? `${grouped(counts[code])} of ${grouped(count)}` : grouped(count);
      const parts = [element("span", { class: "legend-name", text: name }), element("span", { class: "legend-count", text: words })];
      toggle(shown, name, { off: shown ? [...off, code] : off.filter((each) => each !== code) }, swatch(tone), ...parts);
    }
    const hidden = column.names.length - legend.length;
    if (column.kind === "category" && hidden > 0) host.append(element("p", { text: `and ${hidden} more` }));
    const mistakes = shared().parts.ringed.length;
    const text = `${counted(mistakes, "mistake is", "mistakes are")} ringed${mistakes > MOST_RINGED ? " once you zoom in" : ""}`;
    const ring = element("span", { class: "swatch ring", "aria-hidden": "true" });
    if (mistakes) toggle(rings, "the rings", { rings: !rings }, ring, element("span", { text }));
    host.querySelectorAll("button")[focused]?.focus();
  });
  return host;
}
