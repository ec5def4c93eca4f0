import { element, textButton } from "../../core/elements.js";
import { counted, grouped, percent, shownOf } from "../../core/words.js";
import { showError } from "../messages.js";
import { ask } from "../server.js";
import { runRow } from "./runs_row.js";
import { differencesIn, groupsOf } from "./runs_search.js";

/**
 * @typedef {import("./runs_search.js").RunRow} RunRow
 * @typedef {import("./runs_search.js").RunsQuery} RunsQuery
 */

/** Rows that are drawn immediately; the next ones are drawn when a person comes near the end. */
const PAGE_OF_ROWS = 40;

/** Runs that one request asks about: the first answer is shown while the server judges the next runs. */
const ASKED = 8;

/** Columns; a click on some sorts the runs, and another one the other way round. */
const COLUMNS = [
  { sort: "name", title: "Run" },
  { sort: "-accuracy", title: "Accuracy", kind: "number" },
  { sort: "", title: "baseline to 100%", kind: "run-gain" },
  { sort: "", title: "What is wrong", kind: "run-wrong" },
  { sort: "", title: "Loss", kind: "run-curve" },
  { sort: "-created", title: "Started", kind: "run-created" },
];

/** The table of runs in groups: draws new and changed rows, and leaves the others alone. */
export class RunsTable {
  /** @type {Map<string, { of: unknown[], tr: HTMLElement }>} rows by run, and heads of groups, with what they were made of */
  #drawn = new Map();
  /** @type {RunRow[]} */
  #rows = [];
  #shown = PAGE_OF_ROWS;
  #selected = new Set();
  /** @type {WeakMap<RunRow, string[] | null | undefined>} what is wrong with each run that the server was asked about, undefined until it answers; a changed run is another object */
  #wrong = new WeakMap();
  /** @type {RunRow[]} */
  #toAsk = [];
  /** The place among the rows that the keys have come to. */
  #at = 0;

  /** @param {{ select: (row: RunRow, isSelected: boolean) => void, sort: (by: string) => void, selectAll: (selected: boolean) => void }} acts */
  constructor({ select, sort, selectAll }) {
    this.select = select;
    this.all = element("input", {
      type: "checkbox",
      "aria-label": "Select all runs that are listed",
      onchange: () => selectAll(this.all.checked),
    });
    this.heads = COLUMNS.map(({ sort: by, title, kind = "" }) => {
      const head = element("th", { scope: "col", class: kind });
      if (by) head.append(textButton(title, () => sort(by)));
      else head.textContent = title;
      return head;
    });
    this.body = element("tbody");
    const head = element("thead", {}, element("tr", {}, element("th", { scope: "col", class: "run-select" }, this.all), ...this.heads));
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
    for (const [k, { sort }] of COLUMNS.entries()) {
      const isSorted = sort.replace("-", "") === query.sort.replace("-", "");
      if (isSorted) this.heads[k].setAttribute("aria-sort", query.sort.startsWith("-") ? "descending" : "ascending");
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
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const [run, part] = [this.current, focused?.dataset.part];
    const before = this.#drawn;
    this.#drawn = new Map();
    /** @type {(key: string, of: unknown[], make: () => HTMLElement) => void} */
    const put = (key, of, make) => {
      const known = before.get(key);
      const tr = known?.of.every((value, k) => value === of[k]) ? known.tr : make();
      if (known && known.tr !== tr) known.tr.replaceWith(tr);
      this.#drawn.set(key, { of, tr });
    };
    const named = new Set();
    let left = shownOf(this.#rows.length, this.#shown);
    for (const [key, rows] of groupsOf(this.#rows)) {
      if (left <= 0) break;
      const text = groupWords(rows, named);
      // no id of a run has a slash
      put(`/${key}`, [text], () => element("tr", { class: "run-group" }, element("th", { colspan: COLUMNS.length + 1, scope: "rowgroup", text })));
      const differences = differencesIn(rows);
      for (const row of rows.slice(0, left)) {
        const shown = { isSelected: this.#selected.has(row.id), differs: differences(row), wrong: this.#wrong.get(row) };
        put(row.id, [row, shown.isSelected, String(shown.differs), shown.wrong], () => runRow(row, shown, this.select));
        if (row.state === "finished" && !this.#wrong.has(row)) this.#ask(row);
      }
      left -= rows.length;
    }
    for (const [key, { tr }] of before) if (!this.#drawn.has(key)) tr.remove();
    [...this.#drawn.values()].forEach(({ tr }, k) => this.body.children[k] === tr || this.body.insertBefore(tr, this.body.children[k] ?? null));
    const more = this.#rows.length - shownOf(this.#rows.length, this.#shown);
    this.more.hidden = more <= 0;
    this.more.textContent = `Show ${Math.min(more, PAGE_OF_ROWS)} more of ${grouped(more)}`;
    if (run && part && document.activeElement !== focused) /** @type {HTMLElement | null | undefined} */ (this.#drawn.get(run)?.tr.querySelector(`[data-part="${part}"]`))?.focus();
  }

  /**
   * Ask the server what is wrong with a run, together with others that are drawn now.
   * @param {RunRow} row
   */
  #ask(row) {
    this.#wrong.set(row, undefined);
    if (this.#toAsk.push(row) === 1) setTimeout(() => void this.#read(), 30);
  }

  async #read() {
    const rows = this.#toAsk.splice(0, ASKED);
    const found = (await ask(`api/problems?${new URLSearchParams(rows.map(({ id }) => ["run", id]))}`).catch(showError)) ?? {};
    for (const row of rows) this.#wrong.set(row, found[row.id] ?? null);
    this.#draw();
    if (this.#toAsk.length) await this.#read();
  }

  /**
   * Ask again what is wrong with a run after something was computed for it.
   * @param {string} id
   */
  judge(id) {
    const row = this.#rows.find((each) => each.id === id);
    if (row?.state === "finished") this.#ask(row);
  }

  /**
   * Move the focus to another row: the one after or before the focused one, or the one where it was last.
   * @param {number} by
   */
  move(by) {
    const rows = [...this.body.querySelectorAll("tr[data-run]")];
    const now = rows.findIndex((tr) => tr.contains(document.activeElement));
    this.#at = Math.max(0, Math.min(now < 0 ? this.#at : now + by, rows.length - 1));
    const row = rows[this.#at];
    (row?.querySelector("a") ?? row?.querySelector("input"))?.focus();
  }

  /** The run of the row that has the focus. */
  get current() {
    return this.body.contains(document.activeElement) ? document.activeElement?.closest("tr")?.dataset.run : undefined;
  }
}

/**
 * The data of a group, and what its accuracies are compared with.
 * @param {RunRow[]} rows
 * @param {Set<string>} named data of the groups before: another one on the same data has other test samples
 */
function groupWords(rows, named) {
  const { data = "cannot be read" } = rows.find((row) => row.data) ?? {};
  const { tested = null, baseline = null } = rows.find((row) => typeof row.baseline === "number") ?? rows.find((row) => row.tested) ?? {};
  const parts = [named.has(data) ? `${data}, another test set` : data];
  if (tested) parts.push(counted(tested, "test sample"));
  if (typeof baseline === "number") parts.push(`baseline ${percent(baseline)}`);
  named.add(data);
  return parts.join(" · ");
}
