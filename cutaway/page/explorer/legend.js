import { element, swatch } from "../core/elements.js";
import { grouped } from "../core/words.js";

/**
 * What the colors mean. A click on a category hides or shows its samples.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeLegend({ store, samples }) {
  const host = element("div", { class: "legend" });
  store.watch(["color", "epochShown", "off"], ({ color, epochShown, off }) => {
    const column = samples.columns.get(color);
    if (!column) return;
    const { legend, range } = samples.coloring(color, epochShown);
    host.replaceChildren(element("p", { class: "legend-title", text: column.title }));
    if (range) {
      const ends = range.map((value) => samples.words(column, value));
      host.append(ramp(samples.record.colors.sequential, ends));
    }
    for (const { name, color: tone, count, code } of legend) {
      const shown = !off.includes(code);
      host.append(
        element(
          "button",
          {
            type: "button",
            "aria-pressed": String(shown),
            title: shown ? `Hide ${name}` : `Show ${name}`,
            onclick: () => store.set({ off: shown ? [...off, code] : off.filter((each) => each !== code) }),
          },
          swatch(tone),
          element("span", { class: "legend-name", text: name }),
          element("span", { class: "legend-count", text: grouped(count) }),
        ),
      );
    }
    const hidden = column.names.length - legend.length;
    if (column.kind === "category" && hidden > 0) host.append(element("p", { text: `and ${hidden} more` }));
  });
  return host;
}

/**
 * @param {string[]} anchors
 * @param {string[]} ends
 */
function ramp(anchors, [low, high]) {
  const bar = element("div", { class: "ramp", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(to right, ${anchors.join(", ")})`;
  const ends = element("div", { class: "ramp-ends" }, element("span", { text: low }), element("span", { text: high }));
  return element("div", {}, bar, ends);
}
