/**
 * A run as the list shows it; see `cutaway.runs.RunSummary`.
 * @typedef {{ id: string, state: string, why: string | null, title: string,
 *   created?: string, data?: string, model?: string, called?: string, like?: string | null, judged_on?: string | null, accuracy?: number | null, epochs?: number, planned?: number | null,
 *   val_accuracy?: number | null, val_epoch?: number | null,
 *   test?: { loss: number, accuracy: number, cross_entropy: number } | null, baseline?: number | null, seconds?: number | null,
 *   curves?: Record<string, (number | null)[]>, progress?: RunProgress | null }} RunRow
 * @typedef {{ epoch: number, share: number | null, rate: number | null, seconds_left: number | null }} RunProgress
 */

/**
 * What the list shows, as it stands in the address.
 * @typedef {{ search: string, states: string[], sort: string, falling: boolean }} RunsQuery
 */

/**
 * The states that a person chooses from, with their words; a process that is gone failed as well.
 * @type {{ name: string, title: string, states: string[] }[]}
 */
export const STATES = [
  { name: "training", title: "Training", states: ["running"] },
  { name: "finished", title: "Finished", states: ["finished"] },
  { name: "stopped", title: "Stopped", states: ["stopped"] },
  { name: "failed", title: "Failed", states: ["failed", "died"] },
  { name: "damaged", title: "Damaged", states: ["damaged"] },
];

/**
 * What runs are sorted by: a text or a number; undefined and null come last.
 * @type {Record<string, (row: RunRow) => string | number | null | undefined>}
 */
const SORTED = {
  created: (row) => row.created,
  name: (row) => (row.title || row.id).toLowerCase(),
  state: (row) => row.state,
  best: (row) => row.val_accuracy,
  test: (row) => row.test?.accuracy,
  data: (row) => row.data?.toLowerCase(),
  model: (row) => row.model,
  epochs: (row) => row.epochs,
  time: (row) => row.seconds,
};

/** Columns that sort the largest first. */
const LARGEST_FIRST = ["created", "best", "test", "epochs", "time"];

/** @type {WeakMap<RunRow, string>} */
const texts = new WeakMap();

/** @param {RunRow} row */
function searchedText(row) {
  let text = texts.get(row);
  if (text === undefined) {
    text = [row.title, row.id, row.data, row.model].join("\n").toLowerCase();
    texts.set(row, text);
  }
  return text;
}

/**
 * The runs that match, sorted. Each word of the search is in the title, the id, the data or the model.
 * @param {Iterable<RunRow>} rows
 * @param {RunsQuery} query
 */
export function foundRuns(rows, { search, states, sort, falling }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set(STATES.filter(({ name }) => states.includes(name)).flatMap((each) => each.states));
  const found = [];
  for (const row of rows) {
    if (wanted.size && !wanted.has(row.state)) continue;
    const text = words.length ? searchedText(row) : "";
    if (words.every((word) => text.includes(word))) found.push(row);
  }
  const value = SORTED[sort];
  const sign = falling ? -1 : 1;
  return found.sort((a, b) => comparedValues(value(a), value(b), sign) || comparedValues(a.id, b.id, -1));
}

/**
 * @param {string | number | null | undefined} a
 * @param {string | number | null | undefined} b
 * @param {number} sign
 */
function comparedValues(a, b, sign) {
  const [hasNone, otherHasNone] = [a === null || a === undefined, b === null || b === undefined];
  if (hasNone || otherHasNone) return Number(hasNone) - Number(otherHasNone);
  if (a === b) return 0;
  return /** @type {any} */ (a) < /** @type {any} */ (b) ? -sign : sign;
}

/**
 * How many runs there are in each of the states to choose from.
 * @param {Iterable<RunRow>} rows
 */
export function countedStates(rows) {
  const counts = new Map(STATES.map(({ name }) => [name, 0]));
  const names = new Map(STATES.flatMap(({ name, states }) => states.map((state) => [state, name])));
  for (const row of rows) {
    const name = names.get(row.state) ?? "damaged";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/**
 * The query after a click on the head of a column: sorted by it, or the other way round.
 * @param {RunsQuery} query
 * @param {string} column
 * @returns {RunsQuery}
 */
export function sortedBy(query, column) {
  const falling = query.sort === column ? !query.falling : LARGEST_FIRST.includes(column);
  return { ...query, sort: column, falling };
}

/**
 * @param {string} text the part of an address behind its question mark
 * @returns {RunsQuery}
 */
export function readQuery(text) {
  const parameters = new URLSearchParams(text);
  const sort = parameters.get("sort") ?? "-created";
  const column = sort.replace(/^-/, "");
  const known = Object.hasOwn(SORTED, column);
  const states = (parameters.get("state") ?? "").split(",").filter((name) => STATES.some((state) => state.name === name));
  return {
    search: parameters.get("find") ?? "",
    states,
    sort: known ? column : "created",
    falling: known ? sort.startsWith("-") : true,
  };
}

/**
 * The part of an address behind its question mark; "" for the default view.
 * @param {RunsQuery} query
 */
export function writtenQuery({ search, states, sort, falling }) {
  const parameters = new URLSearchParams();
  if (search) parameters.set("find", search);
  if (states.length) parameters.set("state", states.join(","));
  if (sort !== "created" || !falling) parameters.set("sort", `${falling ? "-" : ""}${sort}`);
  return String(parameters);
}
