import { element, textButton } from "../../core/elements.js";
import { counted, grouped } from "../../core/words.js";
import { showError } from "../messages.js";
import { deleteRuns, openTrash, renameRun } from "./run_dialogs.js";
import { countedStates, foundRuns, readQuery, sortedBy, STATES, writtenQuery } from "./runs_search.js";
import { RunsTable } from "./runs_table.js";
import { ask, comparePath, listen, mayWrite } from "../server.js";

/** @typedef {import("./runs_search.js").RunRow} RunRow */

/** The list of runs, as it is shown now. */
class RunsView {
  /** @type {Map<string, RunRow>} */
  #rows = new Map();
  /** @type {Set<string>} */
  #selected = new Set();
  /** @type {string[]} */
  #trash = [];
  /** @type {((ids: string[]) => void) | null} */
  #showTrash = null;
  #query = readQuery(location.search);
  #folder = "";
  #unread = 0;
  #missing = false;
  #drawing = 0;
  /** @type {(() => void)[] | null} events that come while all runs are read: the answer may be older */
  #since = null;
  /** @type {Promise<void>} the last time that all runs are read */
  #reading = Promise.resolve();

  /** @param {HTMLElement} host */
  constructor(host) {
    const writes = mayWrite();
    this.summary = element("p", { class: "subtitle" });
    this.search = element("input", {
      type: "search",
      placeholder: "Search name, data, model",
      "aria-label": "Search runs",
      value: this.#query.search,
      oninput: () => this.#ask({ search: this.search.value }),
    });
    this.states = element("div", { class: "states", role: "group", "aria-label": "States" });
    this.trash = element("button", { type: "button", onclick: () => this.#openTrash() });
    this.chosen = element("div", { class: "chosen", role: "status", hidden: true });
    this.empty = element("div", { class: "studio-empty", hidden: true });
    this.table = new RunsTable(
      {
        select: ({ id }, selected) => this.#select([id], selected),
        rename: (row) => renameRun(row),
        remove: (row) => void deleteRuns([row]),
      },
      {
        sort: (column) => this.#ask(sortedBy(this.#query, column)),
        selectAll: (selected) => this.#select(this.#found().map(({ id }) => id), selected),
        writes,
      },
    );
    const head = element("div", { class: "runs-head" }, element("h1", { text: "Runs" }), this.summary);
    const bar = element("div", { class: "runs-bar" }, this.search, this.states, writes ? this.trash : null);
    host.append(head, bar, this.chosen, this.empty, this.table.element);
    addEventListener("keydown", (event) => this.#hearKey(event));
    addEventListener("popstate", () => this.#ask(readQuery(location.search)));
  }

  /** Request all runs and draw them. If they are requested again meanwhile, this ends when those are drawn. */
  read() {
    this.#reading = this.#readOnce();
    return this.#reading;
  }

  /** @returns {Promise<void>} */
  async #readOnce() {
    /** @type {(() => void)[]} */
    const since = (this.#since = []);
    const answer = await ask("api/runs");
    if (since !== this.#since) return this.#reading; // they were requested again meanwhile
    this.#folder = answer.folder;
    this.#missing = answer.missing;
    this.#unread = answer.unread;
    const known = this.#rows;
    this.#rows = new Map();
    for (const row of answer.runs) {
      const before = known.get(row.id); // an unchanged row stays the same object, and is not drawn again
      this.#rows.set(row.id, before && JSON.stringify(before) === JSON.stringify(row) ? before : row);
    }
    this.#takeTrash(answer.trash);
    this.#since = null;
    for (const again of since) again();
    this.#draw();
  }

  /** @param {{ changed: RunRow[], gone: string[], unread?: number }} event */
  change({ changed, gone, unread = 0 }) {
    this.#since?.push(() => this.change({ changed, gone, unread }));
    for (const id of gone) {
      this.#rows.delete(id);
      this.#selected.delete(id);
    }
    for (const row of changed) this.#rows.set(row.id, row);
    this.#unread = unread;
    this.#drawSoon();
  }

  /** @param {{ trash: string[] }} event */
  changeTrash({ trash }) {
    this.#since?.push(() => this.changeTrash({ trash }));
    this.#takeTrash(trash);
    this.#drawSoon();
  }

  /** @param {string[]} ids */
  #takeTrash(ids) {
    this.#trash = ids;
    this.#showTrash?.(ids);
  }

  #openTrash() {
    this.#showTrash = openTrash(this.#trash);
  }

  #drawSoon() {
    if (!this.#drawing) this.#drawing = setTimeout(() => this.#draw(), 30);
  }

  /** @param {Partial<import("./runs_search.js").RunsQuery>} changed */
  #ask(changed) {
    this.#query = { ...this.#query, ...changed };
    const query = writtenQuery(this.#query);
    history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}`);
    this.#draw(true);
  }

  #found() {
    return foundRuns(this.#rows.values(), this.#query);
  }

  /**
   * @param {string[]} ids
   * @param {boolean} selected
   */
  #select(ids, selected) {
    for (const id of ids) {
      if (selected) this.#selected.add(id);
      else this.#selected.delete(id);
    }
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #hearKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key !== "/" || event.ctrlKey || event.metaKey || target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    this.search.focus();
  }

  /** @param {boolean} [first] from the first row again */
  #draw(first = false) {
    clearTimeout(this.#drawing);
    this.#drawing = 0;
    const found = this.#found();
    this.table.show(found, { query: this.#query, selected: this.#selected, first });
    this.table.element.hidden = !found.length;
    this.#drawHead(found.length);
    this.#drawStates();
    this.#drawChosen();
    this.#drawEmpty(found.length);
  }

  /** @param {number} found */
  #drawHead(found) {
    const all = counted(this.#rows.size, "run");
    const some = found === this.#rows.size ? all : `${grouped(found)} of ${all}`;
    const reading = this.#unread ? `, ${grouped(this.#unread)} more are being read` : "";
    this.summary.textContent = `${some} in ${this.#folder}${reading}`;
    this.trash.textContent = this.#trash.length ? `Trash (${this.#trash.length})` : "Trash";
  }

  #drawStates() {
    const counts = countedStates(this.#rows.values());
    const { states } = this.#query;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.stateName;
    this.states.replaceChildren(...STATES.filter(({ name }) => counts.get(name) || states.includes(name)).map(({ name, title }) => {
      const on = states.includes(name);
      const next = on ? states.filter((each) => each !== name) : [...states, name];
      const button = textButton(`${title} ${grouped(counts.get(name) ?? 0)}`, () => this.#ask({ states: next }), {
        "aria-pressed": String(on),
        "data-state-name": name,
      });
      return button;
    }));
    if (focused) /** @type {HTMLElement | null} */ (this.states.querySelector(`[data-state-name="${focused}"]`))?.focus();
  }

  #drawChosen() {
    const rows = [...this.#selected].flatMap((id) => this.#rows.get(id) ?? []);
    this.chosen.hidden = !rows.length;
    const two = rows.length === 2 && rows.every(({ state }) => state !== "damaged");
    this.chosen.replaceChildren(
      element("span", { text: `${grouped(rows.length)} selected` }),
      two
        ? element("a", { class: "button main", href: comparePath(rows[0].id, rows[1].id), text: "Compare" })
        : element("span", { class: "hint", text: "Select two to compare them." }),
      ...(mayWrite() ? [textButton("Delete", () => void deleteRuns(rows))] : []),
      textButton("Clear", () => this.#select([...this.#selected], false)),
    );
  }

  /** @param {number} found */
  #drawEmpty(found) {
    this.empty.hidden = found > 0;
    if (found) return;
    const all = textButton("Show all runs", () => {
        this.search.value = "";
        this.#ask({ search: "", states: [] });
      });
    this.empty.replaceChildren(...(this.#rows.size ? [element("p", { text: "No run matches." }), all] : this.#emptyWords()));
  }

  #emptyWords() {
    if (this.#missing) {
      const text = `The folder ${this.#folder} is not there, or cannot be read. Its runs are shown again when it is back.`;
      return [element("h2", { text: "The folder is gone" }), element("p", { text })];
    }
    if (this.#unread) return [element("p", { text: "The runs are being read." })];
    const hint = element("p", {}, "Or in a terminal: ", element("code", { text: "cutaway train mnist" }));
    const words = element("p", { text: `${mayWrite() ? "What you train" : "What is trained"} is listed here, also while it is being trained.` });
    const train = element("p", {}, element("a", { class: "button main", href: "train", text: "Train a model" }));
    return [element("h2", { text: "No runs yet" }), words, ...(mayWrite() ? [train, hint] : [])];
  }
}

/**
 * The list of runs.
 * @param {HTMLElement} host
 */
export async function showRuns(host) {
  const view = new RunsView(host);
  listen({
    reset: () => void view.read().catch(showError),
    runs: (event) => view.change(event),
    trash: (event) => view.changeTrash(event),
  });
  await view.read();
}
