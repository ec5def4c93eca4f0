import { choice, element, labeled } from "../../core/elements.js";

/** @type {[string, string][]} */
const SPLITS = [
  ["", "held-out samples"],
  ["test", "test samples"],
  ["val", "validation samples"],
  ["train", "training samples"],
  ["all", "all samples"],
];

/**
 * What the map shows, as the address says it: ?split=train&samples=5000&layers=dense&epochs=1&epochs=2.
 * @param {string} run
 */
export function mapTask(run) {
  const query = new URLSearchParams(location.search);
  const numbers = query.getAll("epochs").filter((each) => /^\d{1,9}$/.test(each));
  return {
    run,
    split: SPLITS.some(([split]) => split === query.get("split")) ? query.get("split") : null,
    samples: /^\d{2,6}$/.test(query.get("samples") ?? "") ? query.get("samples") : null,
    layers: query.getAll("layers"),
    epochs: numbers,
  };
}

/**
 * Controls with which a person chooses the samples, the layers and the epochs of the map.
 * @param {ReturnType<typeof mapTask>} task
 */
export function mapControls(task) {
  const split = choice(SPLITS, {}, task.split ?? "");
  const samples = element("input", { type: "number", min: 20, max: 100_000, step: 1, placeholder: "all", value: task.samples });
  const words = (/** @type {string[]} */ list) => list.join(", ");
  const layers = element("input", { type: "text", placeholder: "up to 6, evenly spaced", value: words(task.layers) });
  const epochs = element("input", { type: "text", placeholder: "up to 16, evenly spaced", value: words(task.epochs), inputmode: "numeric" });
  const form = element(
    "form",
    { class: "map-controls" },
    ...[labeled("Samples", split), labeled("At most", samples), labeled("Layers", layers), labeled("Epochs", epochs)],
    element("button", { text: "Show" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    if (split.value) query.set("split", split.value);
    if (samples.value) query.set("samples", samples.value);
    for (const name of layers.value.split(",").map((each) => each.trim())) if (name) query.append("layers", name);
    for (const epoch of epochNumbers(epochs.value)) query.append("epochs", String(epoch));
    location.search = String(query); // the rest of the address stays
  });
  const chosen = task.split || task.samples || task.layers.length || task.epochs.length;
  return element("details", { class: "map-choice", open: Boolean(chosen) }, element("summary", { text: "Other samples, layers or epochs" }), form);
}

/** Epochs in a range at most. */
const MOST_EPOCHS = 200;

/**
 * The numbers of a list such as "0, 5-8".
 * @param {string} text
 */
function epochNumbers(text) {
  const found = new Set();
  for (const [, first, last] of text.matchAll(/(\d{1,9})(?:\s*-\s*(\d{1,9}))?/g)) {
    for (let epoch = Number(first); epoch <= Number(last ?? first) && found.size < MOST_EPOCHS; epoch++) found.add(epoch);
  }
  return [...found].sort((one, other) => one - other);
}
