import { element } from "../../core/elements.js";
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
   * @param {Record<string, any>} task what is shown, as `explore` takes it
   * @param {{ address?: boolean, links?: ParentNode }} [options] whether what is shown is kept in the address, and
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
    void this.#preview(signal, isDone); // before the maps, so that it is made before them
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
      // the maps themselves say what is wrong
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
    if (this.options.address) keepInAddress(explorer.parts);
    shareSelection(explorer, this.task.run);
    linkSections(explorer, this.options.links);
    this.host.dataset.shown = part;
    this.host.dispatchEvent(new CustomEvent("shown", { detail: explorer }));
    void explorer.complete();
  }
}
