import { breakable, element, textButton } from "../core/elements.js";
import { percent } from "../core/words.js";
import { imageCanvas } from "../map/images.js";

/** Maximum number of neighbors on a card. */
const NEIGHBORS = 8;

/**
 * The card of a sample: the pinned one, or the one under the pointer.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeCard(parts) {
  const { store, samples } = parts;
  const host = element("div", { class: "sample-card", "aria-live": "polite" });
  const what = samples.record.images ? "image" : "row";
  const text = `Point at a sample to see its ${what}, click to keep it here. Shift-drag around samples selects them.`;
  const hint = element("p", { class: "hint", text });
  store.watch(["hovered", "pinned", "epochShown", "painted"], ({ hovered, pinned, epochShown }) => {
    const index = hovered >= 0 ? hovered : pinned;
    host.replaceChildren(...(index < 0 ? [hint] : cardOf(parts, index, epochShown, index === pinned)));
  });
  return host;
}

/**
 * @param {import("./explorer.js").Parts} parts
 * @param {number} index
 * @param {number} epoch
 * @param {boolean} pinned
 * @returns {(Node | string)[]}
 */
function cardOf(parts, index, epoch, pinned) {
  const { samples, store } = parts;
  const text = (/** @type {string} */ key) => samples.text(key, index, epoch);
  const { label, predicted, wrong } = samples.told(index, epoch);
  const hasClasses = samples.columns.has("label");
  const facts = element("dl", { class: "sample-facts" });
  const fact = (/** @type {string} */ title, /** @type {string} */ value) =>
    facts.append(element("dt", {}, ...breakable(title)), element("dd", { text: value }));
  fact(samples.columns.get("target")?.title ?? "Label", label);
  if (samples.columns.has("predicted")) {
    const confidence = samples.values("confidence", epoch)[index];
    const sure = Number.isNaN(confidence) || confidence === undefined ? "" : `, ${percent(confidence)}`;
    fact("Predicted", `${predicted}${sure}`);
    if (!hasClasses) fact("Error", text("error"));
  }
  for (const key of samples.record.details) fact(samples.columns.get(key)?.title ?? key, text(key));
  const head = element(
    "div",
    { class: "card-head" },
    image(samples, index, "card-image"),
    element(
      "div",
      {},
      element("h3", { text: samples.names[index] }),
      hasClasses && samples.columns.has("predicted")
        ? element("p", { class: wrong ? "verdict wrong" : "verdict right", text: wrong ? "Wrong" : "Right" })
        : null,
      facts,
    ),
  );
  /** @type {(Node | string)[]} */
  const nodes = [head];
  if (pinned) {
    nodes.push(textButton("Close", () => store.set({ pinned: -1 }), { class: "close" }));
    const near = neighbors(parts, index, epoch);
    if (near) nodes.push(near);
  }
  return nodes;
}

/**
 * The image of a sample; nothing if there are none.
 * @param {import("./samples.js").Samples} samples
 * @param {number} index
 * @param {string} kind
 */
export function image(samples, index, kind) {
  return samples.images && imageCanvas(samples.images, index, { kind, label: samples.names[index] });
}

/**
 * A sample as a button that pins it.
 * @param {import("./explorer.js").Parts} parts
 * @param {number} index
 * @param {number} epoch
 */
export function sampleButton({ samples, store }, index, epoch) {
  const { label, predicted, wrong } = samples.told(index, epoch);
  const words = wrong ? `${label} → ${predicted}` : label;
  return element(
    "button",
    {
      type: "button",
      class: wrong ? "sample wrong" : "sample",
      title: `${samples.names[index]}: labeled ${label}${wrong ? `, predicted ${predicted}` : ""}`,
      onclick: () => store.set({ pinned: index }),
    },
    image(samples, index, "small-image"),
    element("span", { text: samples.images ? words : `${samples.names[index]} · ${words}` }),
  );
}

/**
 * @param {import("./explorer.js").Parts} parts
 * @param {number} index
 * @param {number} epoch
 */
function neighbors(parts, index, epoch) {
  const found = parts.samples.neighbors;
  if (!found) return null;
  const { epochs, kept } = parts.samples.record;
  const when = epochs.length > 1 ? ` after epoch ${epochs[kept]}` : "";
  const near = found.indices.subarray(found.k * index, found.k * (index + 1)).slice(0, NEIGHBORS);
  return element(
    "div",
    { class: "neighbors" },
    element("h4", { text: `Nearest on this map, in ${found.layer}${when}` }),
    element("div", { class: "samples" }, ...Array.from(near, (other) => sampleButton(parts, other, epoch))),
  );
}
