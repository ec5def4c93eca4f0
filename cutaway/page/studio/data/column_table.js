import { barStrip } from "../../core/charts.js";
import { breakable, choice, element, swatch, tableHead } from "../../core/elements.js";
import { grouped, percent } from "../../core/words.js";
import { dataBody } from "./data_address.js";
import { doWork, progressLine, WorkCanceled } from "../run/work.js";

/** @type {[string, string][]} What a person can do with a column, and its name in the list. */
const USES = [
  ["feature", "Learn from it"],
  ["category", "Learn from it as a category"],
  ["ignore", "Leave it out"],
  ["label", "Label: the class"],
  ["id", "Name of the row"],
  ["group", "Group: never in two splits"],
  ["time", "Time: the latest rows are the test"],
  ["weight", "Weight of the row"],
];
const ROLES = ["label", "id", "group", "time", "weight"];
const LISTS = ["ignore", "use", "category"];

/**
 * How a column is used with some options, as one of `USES`: also with options that nobody has used on the table yet.
 * @param {ColumnRecord} column
 * @param {Record<string, any>} options
 */
function useOf({ name, type, use }, options) {
  const role = ROLES.find((each) => options[each] === name);
  if (role) return role;
  if (type === "empty" || type === "unsupported") return "ignore";
  const list = ["ignore", "category", "use"].find((each) => (options[each] ?? []).includes(name));
  if (list) return list === "use" ? "feature" : list;
  return use === "ignored" ? "ignore" : "feature";
}

/**
 * The options with another use of a column.
 * @param {Record<string, any>} options
 * @param {ColumnRecord} column
 * @param {string} use
 */
function withUse(options, column, use) {
  const changed = structuredClone(options);
  const { name } = column;
  for (const role of ROLES) if (changed[role] === name) delete changed[role];
  for (const list of LISTS) {
    const left = (changed[list] ?? []).filter((/** @type {string} */ each) => each !== name);
    if (left.length) changed[list] = left;
    else delete changed[list];
  }
  const add = (/** @type {string} */ list) => (changed[list] = [...(changed[list] ?? []), name]);
  if (ROLES.includes(use)) changed[use] = name;
  else if (use === "ignore") add("ignore");
  else if (use === "category") add("category");
  else if (column.use === "ignored") add("use"); // it might be left out by itself
  return changed;
}

/**
 * The columns of a table: their types, missing values, and the use of each, which a click changes.
 * @param {DataSurvey} found
 * @param {(edit: (options: Record<string, any>) => Record<string, any>) => void} change takes how options are changed,
 *   not options: those that this table was drawn with may be old by then
 */
export function columnTable(found, change) {
  const head = ["Column", "Use", "Type", "Missing", "Values", "What becomes of it"];
  const rows = found.columns.map((column) => {
    const select = choice(USES, {
      "aria-label": `Use of the column ${column.name}`,
      onchange: () => change((options) => withUse(options, column, select.value)),
    });
    return element(
      "tr",
      { "data-column": column.name },
      element("th", { scope: "row" }, ...breakable(column.name)),
      element("td", {}, select),
      element("td", { text: column.type }),
      element("td", { class: "number", text: column.missing ? percent(column.missing) : "" }),
      element("td", { class: "column-values" }, histogram(found, column.name), element("span", { text: column.values })),
      element("td", { class: "treatment" }),
    );
  });
  const body = element("tbody", {}, ...rows);
  showUses(body, found, found.options);
  const more = found.more_columns ? `${grouped(found.more_columns)} more columns are not listed.` : null;
  return element(
    "div",
    {},
    classLegend(found),
    element(
      "div",
      { class: "scroll column-table" },
      element("table", {}, tableHead(head), body),
    ),
    more ? element("p", { class: "caption", text: more }) : null,
  );
}

/** What classes without a color of their own have. */
const OTHERS = "#8b949e";

/** Pixels of a histogram. */
const [WIDTH, HEIGHT] = [132, 34];

/**
 * Which color is which class in the histograms.
 * @param {DataSurvey} found
 */
function classLegend({ histograms }) {
  if (!histograms || !Object.keys(histograms.columns).length) return null;
  const { classes, colors, rows, of } = histograms;
  const entries = classes.map((text, k) => element("span", { class: "histogram-class" }, swatch(colors[k] ?? OTHERS), text));
  const drawn = rows < of ? `${grouped(rows)} of ${grouped(of)}` : grouped(rows);
  const hint = `${drawn} training rows, the classes above one another:`;
  return element("p", { class: "caption histogram-legend" }, hint, ...entries);
}

/**
 * How the values of a column are spread, the rows of each class above one another.
 * @param {DataSurvey} found
 * @param {string} column
 */
function histogram(found, column) {
  const { histograms } = found;
  const shown = histograms?.columns[column];
  if (!histograms || !shown) return null;
  const { classes, colors } = histograms;
  const totals = shown.counts.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const [low, high] = shown.names.map(Number);
  const at = (/** @type {number} */ bar) => (low + ((high - low) * bar) / shown.counts.length).toPrecision(3);
  const isNumber = shown.is_number && found.columns.find(({ name }) => name === column)?.kind === "number";
  const nameOf = (/** @type {number} */ bar) => {
    if (!shown.is_number) return shown.names[bar];
    if (!isNumber) return `bar ${bar + 1} of ${shown.counts.length}`; // a date
    if (!bar) return `up to ${Number(at(1))}`;
    return bar === shown.counts.length - 1 ? `from ${Number(at(bar))}` : `${Number(at(bar))} to ${Number(at(bar + 1))}`;
  };
  /** @type {string[]} */
  const said = [];
  const bars = shown.counts.map((counts, bar) => {
    const shares = counts.flatMap((count, k) => (count ? [`${classes[k]} ${percent(count / totals[bar], 0)}`] : []));
    const words = `${nameOf(bar)}: ${grouped(totals[bar])} rows${shares.length ? `, ${shares.join(", ")}` : ""}`;
    said.push(words);
    return { words, parts: counts.map((height, k) => ({ height, color: colors[k] ?? OTHERS })) };
  });
  return barStrip(bars, { width: WIDTH, height: HEIGHT }, { class: "histogram", "aria-label": `Values of ${column} by class: ${said.join("; ")}` });
}

/**
 * Show how each column is used with some options. What becomes of one whose use has changed is not known until the table
 * is read again.
 * @param {ParentNode} host of the rows
 * @param {DataSurvey} found
 * @param {Record<string, any>} options
 */
export function showUses(host, found, options) {
  const rows = /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll("tr[data-column]"));
  for (const [k, column] of found.columns.entries()) {
    const use = useOf(column, options);
    const known = use === useOf(column, found.options);
    rows[k].dataset.use = use;
    /** @type {HTMLSelectElement} */ (rows[k].querySelector("select")).value = use;
    const treatment = /** @type {HTMLElement} */ (rows[k].querySelector(".treatment"));
    const { wrong } = column;
    const words = column.use === "ignored" ? `left out: ${column.treatment}` : column.treatment;
    treatment.replaceChildren(known && wrong ? element("span", { class: "field-wrong", text: wrong }) : known ? words : "");
  }
}

/**
 * The first rows of a table as they are in the file.
 * @param {DataSurvey} found
 */
export function rowTable(found) {
  const names = found.columns.map(({ name }) => name);
  return element(
    "details",
    {},
    element("summary", { text: "The first rows" }),
    element(
      "div",
      { class: "scroll" },
      element(
        "table",
        {},
        tableHead(names),
        element("tbody", {}, ...found.rows.map((row) => element("tr", {}, ...row.map((text) => element("td", { text }))))),
      ),
    ),
  );
}

/**
 * What is in some data; see `cutaway.jobs.survey_work`.
 * @typedef {{ kind?: string, name?: string, counts?: Record<string, number>, split?: Record<string, number>,
 *   classes?: { name: string, samples: number }[], more_classes?: number, inputs?: number, shape?: number[],
 *   columns: ColumnRecord[], more_columns?: number, left_out?: string, rows: string[][], options: Record<string, any>, guessed?: boolean,
 *   findings: { severity: string, title: string, text: string, samples: string[] }[], notes: string[],
 *   sheet?: { png: string, columns: number, height: number, width: number, names: string[], classes: string[] },
 *   histograms?: { classes: string[], colors: string[], rows: number, of: number, columns: Record<string, ClassHistogram> },
 *   problem: string | null }} DataSurvey
 * @typedef {{ names: (string | number)[], is_number: boolean, counts: number[][] }} ClassHistogram rows by bar and class
 * @typedef {{ name: string, type: string, kind: string, use: string, treatment: string, missing: number, values: string,
 *   wrong: string | null }} ColumnRecord
 */

/**
 * Look at data, and show meanwhile how far that is.
 * @param {HTMLElement} host where progress and a button that cancels are shown
 * @param {any} data
 * @param {Record<string, any>} options
 * @returns {Promise<DataSurvey>}
 */
export async function surveyData(host, data, options) {
  const canceling = new AbortController();
  const line = progressLine({ title: "Reading the data", cancel: () => canceling.abort() });
  const onState = (/** @type {import("../run/work.js").WorkState} */ state) => {
    if (state.state !== "waiting" && state.state !== "running") return;
    if (!line.host.isConnected) host.append(line.host);
    line.show(state);
  };
  try {
    const { result } = await doWork("survey", dataBody(data, options), { again: true, signal: canceling.signal, onState });
    const { test } = options;
    return test ? { ...result, options: { ...result.options, test } } : result;
  } catch (error) {
    if (!(error instanceof WorkCanceled)) throw error;
    throw new Error("Looking at the data was canceled. Next: reload the page to look again.");
  } finally {
    line.host.remove();
  }
}
