import { choice, element, labeled } from "../../core/elements.js";
import { keepInAddress } from "../../explorer/address.js";
import { Explorer } from "../../explorer/explorer.js";
import { linkSections } from "../../links.js";
import { fetchPart, partArrays, sectionElement } from "./parts.js";
import { shareSelection, showIn, shownIn } from "./share.js";
import { doWork, failureLine, progressLine } from "./work.js";

/** The map of a run: a first look immediately, and the maps of all layers and epochs when they are there. */
export class MapView {
  /** @type {Explorer | null} */
  explorer = null;
  #real = false;
  #canceling = new AbortController();

  /**
   * @param {HTMLElement} host
   * @param {Record<string, any>} task the options of the map, as `explore` takes them
   * @param {{ address?: boolean, links?: ParentNode }} [options] whether the view is kept in the address, and
   *   where sections are whose buttons show samples
   */
  constructor(host, task, { address = true, links = document } = {}) {
    this.host = host;
    this.task = task;
    this.options = { address, links };
    this.line = element("div", { class: "map-work" });
    this.place = element("div", { class: "map-place" });
    host.replaceChildren(this.line, this.place);
  }

  /** @param {boolean} [again] whether what failed before is tried again */
  async start(again = false) {
    this.#canceling = new AbortController();
    const { signal } = this.#canceling;
    const line = progressLine({ title: "Computing the maps of all layers", cancel: () => this.#canceling.abort() });
    /** @type {(done: boolean) => void} */
    let say = () => {};
    const isDone = new Promise((resolve) => (say = resolve));
    void this.#preview(signal, isDone); // requested before the maps, and made before them
    try {
      const { key } = await doWork("explore", this.task, {
        again,
        signal,
        onState: (state) => {
          say(state.state === "done");
          if (state.state === "done") return;
          this.line.replaceChildren(line.host);
          line.show(state);
        },
      });
      this.line.replaceChildren();
      this.#real = true; // a first look that is being drawn comes too late
      await this.#show(key, "explore");
    } catch (error) {
      if (this.task.against && !signal.aborted) {
        say(true); // the next try has a first look of its own
        this.task = { ...this.task, against: null }; // whoever compares the runs says why they cannot be
        return void this.start();
      }
      say(false);
      this.line.replaceChildren(failureLine(error, () => void this.start(true)));
    }
  }

  /**
   * @param {AbortSignal} signal
   * @param {Promise<boolean>} isDone whether the maps are there already
   */
  async #preview(signal, isDone) {
    if (this.explorer) return;
    const { against: _, ...task } = this.task;
    try {
      const { key } = await doWork("preview", task, { signal });
      if (!(await isDone) && !this.#real && !this.explorer && !signal.aborted) await this.#show(key, "preview");
    } catch {
      // the maps themselves show the error
    }
  }

  /**
   * @param {string} key
   * @param {string} part
   */
  async #show(key, part) {
    if (part === "preview" && !(await fetchPart(key, "index")).sections.length) return; // too few samples
    const section = await fetchPart(key, part);
    if (part === "preview" && this.#real) return;
    const shown = this.explorer && shownIn(this.explorer);
    const entered = this.explorer?.store.state.entered ?? null;
    const made = sectionElement(section);
    const host = /** @type {HTMLElement} */ (made.querySelector("[data-explorer]"));
    this.explorer?.release();
    this.explorer = null;
    this.place.replaceChildren(made);
    if (!host) return; // the reason why there is none
    const explorer = new Explorer(host, section.explorers[0], partArrays(key, section, part));
    Object.assign(host, { explorer }); // for scripts of others, and for tests
    await explorer.show();
    if (part === "preview" && this.#real) return explorer.release();
    if (!explorer.parts) return;
    this.explorer = explorer;
    if (shown) showIn(explorer, shown);
    explorer.store.set({ entered });
    if (this.options.address) keepInAddress(explorer.parts);
    shareSelection(explorer, this.task.run);
    linkSections(explorer, this.options.links);
    this.host.dataset.shown = part;
    this.host.dispatchEvent(new CustomEvent("shown", { detail: explorer }));
    void explorer.complete();
  }
}

/** @type {[string, string][]} */
const SPLITS = [
  ["", "held-out samples"],
  ["test", "test samples"],
  ["val", "validation samples"],
  ["train", "training samples"],
  ["all", "all samples"],
];

/**
 * What the map shows, as the address says it: ?split=train&samples=5000&layers=dense&epochs=1&epochs=2. The studio
 * refuses wrong values.
 * @param {string} run
 */
export function mapTask(run) {
  const query = new URLSearchParams(location.search);
  const [split, samples] = [query.get("split"), query.get("samples")];
  return { run, split, samples, layers: query.getAll("layers"), epochs: query.getAll("epochs") };
}

/**
 * Controls for the samples, the layers and the epochs of the map.
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

/** Maximum number of epochs in a range. */
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
