import { element, textButton } from "../../core/elements.js";
import { counted, grouped } from "../../core/words.js";
import { showError, showMessage } from "../messages.js";
import { deleteRuns, openTrash, renameRun } from "./run_dialogs.js";
import { foundRuns, readQuery, writtenQuery } from "./runs_search.js";
import { RunsTable } from "./runs_table.js";
import { ask, comparePath, goTo, listen, mayWrite } from "../server.js";

/** @typedef {import("./runs_search.js").RunRow} RunRow */

const SELECT_TWO = "Select two to compare them.";

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
      placeholder: "Search name, data, model, state",
      "aria-label": "Search runs",
      value: this.#query.find,
      oninput: () => this.#ask({ find: this.search.value }),
    });
    this.trash = element("button", { type: "button", onclick: () => (this.#showTrash = openTrash(this.#trash)) });
    this.chosen = element("div", { class: "chosen", role: "status", hidden: true });
    this.empty = element("div", { class: "studio-empty", hidden: true });
    this.table = new RunsTable({
      select: ({ id }, isSelected) => this.#select([id], isSelected),
      sort: (sort) => this.#ask({ sort: this.#query.sort === sort ? (sort.startsWith("-") ? sort.slice(1) : `-${sort}`) : sort }),
      selectAll: (isSelected) => this.#select(this.#found().map(({ id }) => id), isSelected),
    });
    const head = element("div", { class: "runs-head" }, element("h1", { text: "Runs" }), this.summary);
    const bar = element("div", { class: "runs-bar" }, this.search, writes ? this.trash : null);
    const keys = [["↑ ↓", "move"], ["Enter", "open"], ["X", "select"], ["C", "compare"], ...(writes ? [["T", "train"], ["Del", "delete"]] : []), ["/", "search"]];
    this.keys = element("p", { class: "hint keys" }, ...keys.map(([key, word]) => element("span", {}, element("kbd", { text: key }), ` ${word}`)));
    host.append(head, bar, this.empty, this.table.element, this.chosen, this.keys);
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
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    const row = this.#rows.get(this.table.current ?? "");
    /** @type {Record<string, (() => unknown) | false | undefined>} */
    const keys = {
      "/": () => this.search.focus(),
      ArrowDown: () => this.table.move(1),
      ArrowUp: () => this.table.move(-1),
      x: row && (() => this.#select([row.id], !this.#selected.has(row.id))),
      c: () => (this.#pair ? goTo(this.#pair) : showMessage(SELECT_TWO)),
      t: mayWrite() && (() => goTo("train")),
      Delete: mayWrite() && (() => this.#delete(this.#selected.size || !row ? this.#chosen : [row])),
    };
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  get #chosen() {
    return [...this.#selected].flatMap((id) => this.#rows.get(id) ?? []);
  }

  /** The address of the two selected runs side by side; "" if there are no two. */
  get #pair() {
    const rows = this.#chosen;
    return rows.length === 2 && rows.every(({ state }) => state !== "damaged") ? comparePath(rows[0].id, rows[1].id) : "";
  }

  /** @param {RunRow[]} rows */
  #delete(rows) {
    if (rows.some(({ state }) => state === "running")) showMessage("A run that is being trained cannot be deleted. Next: stop it on its page.");
    else if (rows.length) void deleteRuns(rows);
  }

  /** @param {boolean} [first] from the first row again */
  #draw(first = false) {
    clearTimeout(this.#drawing);
    this.#drawing = 0;
    const found = this.#found();
    this.table.show(found, { query: this.#query, selected: this.#selected, first });
    this.table.element.hidden = this.keys.hidden = !found.length;
    this.#drawHead(found.length);
    this.#drawChosen();
    this.#drawEmpty(found.length);
  }

  /** @param {number} found */
  #drawHead(found) {
    const all = counted(this.#rows.size, "run");
    const some = found === this.#rows.size ? all : `${grouped(found)} of ${all}`;
    const reading = this.#unread ? `, ${grouped(this.#unread)} more are being read` : "";
    this.summary.textContent = `${some} in the folder "${this.#folder}"${reading}`;
    this.trash.textContent = this.#trash.length ? `Trash (${this.#trash.length})` : "Trash";
  }

  #drawChosen() {
    const rows = this.#chosen;
    this.chosen.hidden = !rows.length;
    this.chosen.replaceChildren(
      element("span", { text: `${grouped(rows.length)} selected` }),
      this.#pair ? element("a", { class: "button main", href: this.#pair, text: "Compare" }) : element("span", { class: "hint", text: SELECT_TWO }),
      ...(mayWrite() && rows.length === 1 ? [textButton("Rename", () => renameRun(rows[0]))] : []),
      ...(mayWrite() ? [textButton("Delete", () => this.#delete(rows))] : []),
      textButton("Clear", () => this.#select([...this.#selected], false)),
    );
  }

  /** @param {number} found */
  #drawEmpty(found) {
    this.empty.hidden = found > 0;
    if (found) return;
    const all = textButton("Show all runs", () => {
        this.search.value = "";
        this.#ask({ find: "" });
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
    job: ({ run, state }) => state === "done" && view.table.judge(run),
  });
  await view.read();
}
