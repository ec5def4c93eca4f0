import { element, textButton } from "../../core/elements.js";
import { grouped, shownOf } from "../../core/words.js";
import { runRow } from "./runs_row.js";

/**
 * @typedef {import("./runs_search.js").RunRow} RunRow
 * @typedef {import("./runs_search.js").RunsQuery} RunsQuery
 */

/** Rows that are drawn immediately; the next ones are drawn when a person comes near the end. */
const PAGE_OF_ROWS = 40;

/** Columns that are sorted by a click, by their name in `SORTED`. */
const COLUMNS = [
  { name: "name", title: "Run" },
  { name: "state", title: "State" },
  { name: "", title: "Loss" },
  { name: "best", title: "Validation", kind: "number" },
  { name: "test", title: "Test", kind: "number" },
  { name: "data", title: "Data" },
  { name: "model", title: "Model", kind: "run-model" },
  { name: "epochs", title: "Epochs", kind: "number run-epochs" },
  { name: "time", title: "Time", kind: "number run-time" },
  { name: "created", title: "Started" },
];

/** The table of runs: draws new and changed rows, and leaves the others alone. */
export class RunsTable {
  /** @type {Map<string, { row: RunRow, selected: boolean, best: boolean, tr: HTMLElement }>} */
  #drawn = new Map();
  /** @type {RunRow[]} */
  #rows = [];
  #shown = PAGE_OF_ROWS;
  #selected = new Set();

  /**
   * @param {import("./runs_row.js").RowActions} actions
   * @param {{ sort: (column: string) => void, selectAll: (selected: boolean) => void, writes: boolean }} given
   */
  constructor(actions, { sort, selectAll, writes }) {
    this.actions = actions;
    this.all = element("input", {
      type: "checkbox",
      "aria-label": "Select all runs that are listed",
      onchange: () => selectAll(this.all.checked),
    });
    this.heads = COLUMNS.map(({ name, title, kind = "" }) => {
      const head = element("th", { scope: "col", class: kind });
      if (name) head.append(textButton(title, () => sort(name)));
      else head.textContent = title;
      return head;
    });
    const select = element("th", { scope: "col", class: "run-select" }, this.all);
    const actionsHead = writes ? element("th", { scope: "col" }, element("span", { class: "unseen", text: "Actions" })) : null;
    this.body = element("tbody");
    const head = element("thead", {}, element("tr", {}, select, ...this.heads, actionsHead));
    this.more = element("button", { type: "button", class: "more", onclick: () => this.#grow() });
    const table = element("table", { class: "runs" }, head, this.body);
    this.element = element("div", {}, element("div", { class: "scroll runs-scroll" }, table), this.more);
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#grow(), { rootMargin: "800px" }).observe(this.more);
  }

  /**
   * Show rows.
   * @param {RunRow[]} rows
   * @param {{ query: RunsQuery, selected: Set<string>, first?: boolean }} given first: from the first one again
   */
  show(rows, { query, selected, first = false }) {
    this.#rows = rows;
    this.#selected = selected;
    if (first) this.#shown = PAGE_OF_ROWS;
    for (const [k, { name }] of COLUMNS.entries()) {
      const direction = query.falling ? "descending" : "ascending";
      if (name && name === query.sort) this.heads[k].setAttribute("aria-sort", direction);
      else this.heads[k].removeAttribute("aria-sort");
    }
    const chosen = rows.filter(({ id }) => selected.has(id)).length;
    this.all.checked = chosen > 0 && chosen === rows.length;
    this.all.indeterminate = chosen > 0 && chosen < rows.length;
    this.#draw();
  }

  #grow() {
    if (this.#shown >= this.#rows.length) return;
    this.#shown += PAGE_OF_ROWS;
    this.#draw();
  }

  #draw() {
    const shown = this.#rows.slice(0, shownOf(this.#rows.length, this.#shown));
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const part = this.body.contains(focused) ? focused?.dataset.part : undefined;
    const run = focused?.closest("tr")?.dataset.run;
    const before = this.#drawn;
    const isBest = bestOf(this.#rows);
    this.#drawn = new Map();
    /** @type {Element | null} */
    let place = this.body.firstElementChild;
    for (const row of shown) {
      const selected = this.#selected.has(row.id);
      const known = before.get(row.id);
      const best = isBest(row);
      const same = known && known.row === row && known.selected === selected && known.best === best;
      const tr = same ? known.tr : runRow(row, { selected, best, actions: this.actions });
      if (known && !same) {
        if (place === known.tr) place = tr;
        known.tr.replaceWith(tr);
      }
      if (place === tr) place = tr.nextElementSibling;
      else this.body.insertBefore(tr, place);
      this.#drawn.set(row.id, { row, selected, best, tr });
      before.delete(row.id);
    }
    for (const { tr } of before.values()) tr.remove();
    const left = this.#rows.length - shown.length;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${Math.min(left, PAGE_OF_ROWS)} more of ${grouped(left)}`;
    if (part && run && document.activeElement !== focused) this.#focus(run, part);
  }

  /**
   * Give the focus back to a part of a row that was drawn again.
   * @param {string} run
   * @param {string} part
   */
  #focus(run, part) {
    const parts = this.#drawn.get(run)?.tr.querySelectorAll("[data-part]") ?? [];
    for (const each of /** @type {Iterable<HTMLElement>} */ (parts)) if (each.dataset.part === part) each.focus();
  }
}

/**
 * Whether a run is right most often on the samples that it is judged on, if there are two runs or more on them.
 * @param {RunRow[]} rows
 * @returns {(row: RunRow) => boolean}
 */
function bestOf(rows) {
  /** @type {Map<string, { count: number, most: number }>} by the samples; there may be 100,000 runs */
  const known = new Map();
  for (const { judged_on: samples, accuracy } of rows) {
    if (!samples || typeof accuracy !== "number") continue;
    const { count, most } = known.get(samples) ?? { count: 0, most: 0 };
    known.set(samples, { count: count + 1, most: Math.max(most, accuracy) });
  }
  return ({ judged_on: samples, accuracy }) => {
    const of = known.get(samples ?? "");
    return of !== undefined && of.count > 1 && accuracy === of.most;
  };
}
