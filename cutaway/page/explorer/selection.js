import { csvCell, element, saveFile, textButton } from "../core/elements.js";
import { counted, grouped, shownOf } from "../core/words.js";
import { sampleButton } from "./card.js";

/** Maximum number of selected samples that are shown. */
const SHOWN = 60;

/** Labels whose share in a selection is named. */
const NAMED = 6;

/**
 * What is selected, and what can be done with it.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeSelection(parts) {
  const { store, samples, commands } = parts;
  const host = element("div", { class: "selection", hidden: true });
  const count = element("h3", { "aria-live": "polite" });
  const labels = element("p", { class: "labels" });
  const { python } = samples.record;
  const text = element("pre", { tabindex: 0, "aria-label": "Python that gives the same samples" });
  const copy = textButton("Copy", () => void copyText(text, copy));
  const code = element("div", { class: "selection-code", hidden: true }, text, copy);
  const showCode = () => {
    code.hidden = !code.hidden;
    if (code.hidden || !python) return;
    text.textContent = pythonCode(Array.from(store.state.selection, (index) => samples.names[index]), python);
    copy.textContent = "Copy";
  };
  const list = element("div", { class: "samples" });
  host.append(
    count,
    element(
      "div",
      { class: "actions" },
      textButton("Zoom in", () => commands.zoomToSelection()),
      textButton("Invert", () => commands.invert()),
      textButton("Save as CSV", () => save(parts)),
      python && textButton("Python", () => showCode()),
      textButton("Clear", () => commands.select([])),
    ),
    code,
    labels,
    list,
  );
  store.watch(["selection"], () => (code.hidden = true));
  store.watch(["selection", "epochShown", "painted"], ({ selection, epochShown }) => {
    host.hidden = !selection.length;
    if (!selection.length) return;
    count.textContent = `${counted(selection.length, "sample")} selected`;
    labels.textContent = shares(samples, selection);
    const few = shownOf(selection.length, SHOWN);
    const shown = Array.from(selection.slice(0, few), (index) => sampleButton(parts, index, epochShown));
    list.replaceChildren(...shown);
    if (selection.length > few) list.append(element("p", { text: `and ${grouped(selection.length - few)} more` }));
  });
  return host;
}

/**
 * Put the text of an element on the clipboard, or select it where a browser does not allow that.
 * @param {HTMLElement} host
 * @param {HTMLElement} button
 */
async function copyText(host, button) {
  try {
    await navigator.clipboard.writeText(host.textContent ?? "");
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(host);
    button.textContent = "Selected: copy it with the keyboard";
  }
}

/**
 * How often each label is among the selected, the most frequent first.
 * @param {import("./samples.js").Samples} samples
 * @param {Uint32Array} selection
 */
function shares(samples, selection) {
  const names = samples.columns.get("label")?.names ?? [];
  const labels = samples.values("label", 0);
  const counts = new Uint32Array(names.length);
  for (const index of selection) if (labels[index] >= 0) counts[labels[index]]++;
  const order = Array.from(counts.keys()).filter((label) => counts[label]);
  order.sort((one, other) => counts[other] - counts[one]);
  const named = order.slice(0, shownOf(order.length, NAMED)).map((label) => `${names[label]}: ${grouped(counts[label])}`);
  const rest = order.length - named.length;
  return `By label: ${named.join(", ")}${rest ? `, and ${grouped(rest)} more labels` : ""}.`;
}

/** @param {import("./explorer.js").Parts} parts */
function save({ store, samples }) {
  const { selection, epochShown } = store.state;
  const columns = [...samples.columns.values()];
  // columns of a table are known by their titles, columns of the page by the words of its search
  const rows = [["sample", ...columns.map(({ key, title, own }) => (own ? title : key))]];
  for (const index of selection) {
    const cells = columns.map((column) => {
      if (column.kind !== "number") return samples.text(column.key, index, epochShown);
      const values = samples.values(column.key, epochShown);
      return Number.isNaN(values[index]) ? "" : exactText(values, index);
    });
    rows.push([samples.names[index], ...cells]);
  }
  saveFile("selection.csv", rows.map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n");
}

/**
 * A number with as few digits as tell it from its neighbors: 0.1, which is 0.10000000149 as float32.
 * @param {ArrayLike<number>} values
 * @param {number} index
 */
function exactText(values, index) {
  const value = values[index];
  if (!(values instanceof Float32Array)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * The Python that gives the same samples.
 * @param {string[]} names of samples
 * @param {{ run: string, explore: string }} python how the run is opened, and how its samples are shown
 */
export function pythonCode(names, { run, explore }) {
  return [
    "import cutaway as ct",
    "",
    `run = ${run}`,
    `names = ${namesInPython(names)}`,
    "samples = run.context.samples(names)",
    "x, y = run.data.x(samples), run.data.y(samples)",
    "",
    "# in a notebook, on the map",
    `widget = ${explore}`,
    "widget.selection = names",
    "widget",
    "",
  ].join("\n");
}

const PLACE = /^([A-Za-z_]\w*)\[(0|[1-9]\d{0,14})\]$/;

/**
 * A list of names: those such as test[7] by their numbers.
 * @param {string[]} names
 */
function namesInPython(names) {
  /** @type {Map<string, number[]>} */
  const places = new Map();
  const others = [];
  for (const name of names) {
    const found = PLACE.exec(name);
    if (!found) others.push(JSON.stringify(name));
    else places.set(found[1], [...(places.get(found[1]) ?? []), Number(found[2])]);
  }
  const parts = [...places].map(([source, numbers]) => `*(f"${source}[{i}]" for i in [${ranges(numbers)}])`);
  const listed = [...parts, ...others];
  return listed.length === 1 && parts.length ? `[${parts[0].slice(2, -1)}]` : `[${listed.join(", ")}]`;
}

/** @param {number[]} numbers */
function ranges(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const parts = [];
  for (let k = 0; k < sorted.length; k++) {
    const first = k;
    while (sorted[k + 1] === sorted[k] + 1) k++;
    if (k - first < 2) parts.push(...sorted.slice(first, k + 1));
    else parts.push(`*range(${sorted[first]}, ${sorted[k] + 1})`);
  }
  return parts.join(", ");
}
