import { sparkline } from "../../core/charts.js";
import { element, textButton } from "../../core/elements.js";
import { grouped, percent } from "../../core/words.js";
import { mayWrite, runPath } from "../server.js";
import { durationText, stateWord } from "../words.js";

/** @typedef {import("./runs_search.js").RunRow} RunRow */

/**
 * What a person does with a row.
 * @typedef {{ select: (row: RunRow, selected: boolean) => void, rename: (row: RunRow) => void,
 *   remove: (row: RunRow) => void }} RowActions
 */

/**
 * A row of the table of runs. The label of each cell is shown where the table is too narrow to be one.
 * @param {RunRow} row
 * @param {{ selected: boolean, best: boolean, actions: RowActions }} given best: of those judged on the same samples
 */
export function runRow(row, { selected, best, actions }) {
  const box = element("input", {
    type: "checkbox",
    "data-part": "select",
    "aria-label": `Select ${row.title || row.id}`,
    onchange: () => actions.select(row, box.checked),
  });
  box.checked = selected;
  const cells = [
    element("td", { class: "run-select" }, box),
    element("td", { class: "run-name" }, ...nameParts(row)),
    element("td", { class: "run-state" }, ...stateParts(row)),
  ];
  const epochs = row.planned && row.planned !== row.epochs ? `${row.epochs} of ${row.planned}` : `${row.epochs ?? ""}`;
  cells.push(
    element("td", { class: "run-curve", "data-label": "Loss" }, lossCurve(row.curves)),
    numberCell("Validation", accuracyWords(row.val_accuracy), row.val_epoch && `after epoch ${row.val_epoch}${best && !row.test ? ", the best on these samples" : ""}`),
    testCell(row, best),
    element("td", { class: "run-data", "data-label": "Data", text: row.data, title: row.data }),
    element("td", { class: "run-model", "data-label": "Model", text: row.model, title: row.model }),
    numberCell("Epochs", epochs),
    numberCell("Time", row.seconds === null || row.seconds === undefined ? "" : durationText(row.seconds)),
    element("td", { class: "run-created", "data-label": "Started" }, createdElement(row.created)),
  );
  if (mayWrite()) cells.push(element("td", { class: "run-actions" }, ...actionButtons(row, actions)));
  const names = [selected && "selected", best && "best"].filter(Boolean).join(" ");
  return element("tr", { "data-run": row.id, "data-state": row.state, class: names || null }, ...cells);
}

/** @param {RunRow} row */
function nameParts(row) {
  const name = row.called;
  const label = name ? `${name}, ${row.id}` : null; // several runs may be called the same
  const link = element("a", { href: runPath(row.id), "data-part": "open", text: name || row.id, "aria-label": label });
  return [
    row.state === "damaged" ? element("span", { text: name || row.id }) : link,
    name ? element("div", { class: "run-id", text: row.id }) : null,
    row.state === "damaged" ? element("div", { class: "run-why", text: row.why }) : null,
  ].filter((part) => part !== null);
}

/**
 * How the loss fell: of the training samples, and, in front of it, of the validation samples.
 * @param {Record<string, (number | null)[]> | undefined} curves
 * @returns {SVGElement | null} null where nothing was measured
 */
function lossCurve({ loss = [], val_loss: held = [] } = {}) {
  const [known, knownHeld] = [loss, held].map((values) => values.filter((value) => value !== null));
  const all = [...known, ...knownHeld];
  if (!all.length) return null;
  // losses fall by powers of ten, and in a linear picture only the first epochs would be seen
  const scale = all.every((value) => value > 0) ? Math.log : Number;
  const scaled = (/** @type {(number | null)[]} */ values) => values.map((value) => value === null ? null : scale(value));
  const spoken = knownHeld.length ? knownHeld : known;
  const then = spoken.length > 1 ? `, then ${spoken[spoken.length - 1].toPrecision(3)}` : "";
  return sparkline(
    [
      { values: scaled(loss), name: "training" },
      { values: scaled(held), name: "validation" },
    ],
    { width: 96, height: 28, margin: 2, low: scale(Math.min(...all)), high: scale(Math.max(...all)) },
    { class: "small-curve", role: "img", "aria-label": `loss ${spoken[0].toPrecision(3)}${then}` },
  );
}

/** @param {RunRow} row */
function stateParts(row) {
  const word = element("span", { class: "state-word", text: stateWord(row.state), title: row.state === "died" ? "The process that trained it is gone." : row.why });
  const { progress } = row;
  if (!progress) return [word];
  const bar = element("progress", { max: 1, "aria-label": "Share of all epochs" });
  if (progress.share !== null) bar.value = progress.share;
  const parts = [
    row.planned ? `epoch ${progress.epoch} of ${row.planned}` : `epoch ${progress.epoch}`,
    progress.seconds_left === null ? null : `${durationText(progress.seconds_left)} left`,
    progress.rate === null ? null : `${grouped(Math.round(progress.rate))} samples/s`,
  ];
  return [word, bar, element("span", { class: "progress-words", text: parts.filter(Boolean).join(" · ") })];
}

/**
 * @param {RunRow} row
 * @param {RowActions} actions
 */
function actionButtons(row, actions) {
  const name = row.title || row.id;
  /** @type {(text: string, act: (row: RunRow) => void, off?: boolean) => HTMLElement} */
  const button = (text, act, off = false) =>
    textButton(text, () => act(row), {
      "data-part": text,
      "aria-label": `${text} ${name}`,
      disabled: off,
      title: off ? "Stop the training first" : null,
    });
  return [button("Rename", actions.rename), button("Delete", actions.remove, row.state === "running")];
}

/**
 * @param {string} label
 * @param {string} text
 * @param {string | number | null | undefined} [title]
 */
function numberCell(label, text, title) {
  return element("td", { class: `number run-${label.toLowerCase()}`, "data-label": label, text, title: title || null });
}

/**
 * How often a run is right on the test samples, and by how much more often than the largest class alone would be.
 * @param {RunRow} row
 * @param {boolean} best
 */
function testCell({ test, baseline }, best) {
  const cell = numberCell("Test", accuracyWords(test?.accuracy), test && `${lossWords(test)}${best ? ", the best on these samples" : ""}`);
  if (!test || typeof baseline !== "number") return cell;
  const gain = Math.round(1000 * (test.accuracy - baseline)) / 10;
  const text = `${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(1)} points`;
  const title = `always predicting the largest class is right on ${percent(baseline, 2)}`;
  cell.append(element("div", { class: "run-gain", title }, text, element("small", { text: "vs. always the largest class" })));
  return cell;
}

/** @param {string | undefined} created */
function createdElement(created) {
  const date = new Date(created ?? "");
  if (Number.isNaN(date.getTime())) return created ? element("span", { text: created }) : null;
  const text = date.toLocaleString("en", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  return element("time", { datetime: date.toISOString(), title: date.toLocaleString(), text });
}

/** @param {number | null | undefined} value */
function accuracyWords(value) {
  return value === null || value === undefined ? "" : percent(value, 2);
}

/**
 * What the test samples cost: the cross-entropy, and the loss of the training if it differs.
 * @param {{ loss: number, cross_entropy: number }} test
 */
function lossWords({ loss, cross_entropy: plain }) {
  const [own, known] = [loss.toPrecision(3), plain.toPrecision(3)];
  return own === known ? `cross-entropy ${known}` : `cross-entropy ${known}, loss of the training ${own}`;
}
