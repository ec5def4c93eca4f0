import { element, percent } from "../../core/elements.js";
import { mayWrite } from "../server.js";
import { smallCurve } from "./small_curve.js";

/** @typedef {import("./runs_search.js").RunRow} RunRow */

/** @type {Record<string, string>} */
const STATE_WORDS = {
  running: "training",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  died: "died",
  damaged: "damaged",
};

/**
 * What a person does with a row.
 * @typedef {{ select: (row: RunRow, selected: boolean) => void, edit: (row: RunRow) => void,
 *   remove: (row: RunRow) => void, findTag: (tag: string) => void }} RowActions
 */

/**
 * A row of the table of runs. The label of each cell is shown where the table is too narrow to be one.
 * @param {RunRow} row
 * @param {{ selected: boolean, actions: RowActions }} given
 */
export function runRow(row, { selected, actions }) {
  const box = element("input", {
    type: "checkbox",
    "data-part": "select",
    "aria-label": `Select ${row.title || row.id}`,
    onchange: () => actions.select(row, box.checked),
  });
  box.checked = selected;
  const cells = [
    element("td", { class: "run-select" }, box),
    element("td", { class: "run-name" }, ...nameParts(row, actions)),
    element("td", { class: "run-state" }, ...stateParts(row)),
  ];
  const epochs = row.planned && row.planned !== row.epochs ? `${row.epochs} of ${row.planned}` : `${row.epochs ?? ""}`;
  cells.push(
    element("td", { class: "run-curve", "data-label": "Loss" }, smallCurve(row.curves)),
    numberCell("Validation", accuracyWords(row.val_accuracy), row.val_epoch && `after epoch ${row.val_epoch}`),
    numberCell("Test", accuracyWords(row.test?.accuracy), row.test && lossWords(row.test)),
    element("td", { class: "run-data", "data-label": "Data", text: row.data, title: row.data }),
    element("td", { class: "run-model", "data-label": "Model", text: row.model, title: row.model }),
    numberCell("Epochs", epochs),
    numberCell("Time", durationWords(row.seconds)),
    element("td", { class: "run-created", "data-label": "Started" }, createdElement(row.created)),
  );
  if (mayWrite()) cells.push(element("td", { class: "run-actions" }, ...actionButtons(row, actions)));
  return element("tr", { "data-run": row.id, "data-state": row.state, class: selected ? "selected" : null }, ...cells);
}

/**
 * @param {RunRow} row
 * @param {RowActions} actions
 */
function nameParts(row, actions) {
  const address = `runs/${encodeURIComponent(row.id)}`;
  const link = element("a", { href: address, "data-part": "open", text: row.title || row.id });
  const tags = row.tags.map((tag) =>
    element("button", {
      type: "button",
      class: "tag",
      text: tag,
      title: `Show runs with ${tag}`,
      "data-part": `tag ${tag}`,
      onclick: () => actions.findTag(tag),
    }),
  );
  return [
    row.state === "damaged" ? element("span", { text: row.title || row.id }) : link,
    row.title ? element("div", { class: "run-id", text: row.id }) : null,
    row.state === "damaged" ? element("div", { class: "run-why", text: row.why }) : null,
    row.note ? element("div", { class: "run-note", text: row.note.split("\n")[0], title: row.note }) : null,
    tags.length ? element("div", { class: "tags" }, ...tags) : null,
  ].filter((part) => part !== null);
}

/** @param {RunRow} row */
function stateParts(row) {
  const word = element("span", { class: "state-word", text: STATE_WORDS[row.state] ?? row.state, title: row.state === "died" ? "The process that trained it is gone." : row.why });
  const { progress } = row;
  if (!progress) return [word];
  const bar = element("progress", { max: 1, "aria-label": "Share of all epochs" });
  if (progress.share !== null) bar.value = progress.share;
  const parts = [
    row.planned ? `epoch ${progress.epoch} of ${row.planned}` : `epoch ${progress.epoch}`,
    progress.seconds_left === null ? null : `${durationWords(progress.seconds_left)} left`,
    progress.rate === null ? null : `${Math.round(progress.rate).toLocaleString("en")} samples/s`,
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
    element("button", {
      type: "button",
      text,
      "data-part": text,
      "aria-label": `${text} ${name}`,
      disabled: off,
      title: off ? "Stop the training first" : null,
      onclick: () => act(row),
    });
  return [button("Edit", actions.edit), button("Delete", actions.remove, row.state === "running")];
}

/**
 * @param {string} label
 * @param {string} text
 * @param {string | number | null | undefined} [title]
 */
function numberCell(label, text, title) {
  return element("td", { class: `number run-${label.toLowerCase()}`, "data-label": label, text, title: title || null });
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
 * What the test samples cost: the cross-entropy, and the loss of the training where it is another number.
 * @param {{ loss: number, cross_entropy: number | null }} test
 */
export function lossWords({ loss, cross_entropy: plain }) {
  const [own, known] = [loss.toPrecision(3), plain?.toPrecision(3)];
  if (known === undefined) return `loss ${own}`;
  return own === known ? `cross-entropy ${known}` : `cross-entropy ${known}, loss of the training ${own}`;
}

/**
 * Seconds as a person says them: "0.8 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
 * @param {number | null | undefined} seconds
 */
export function durationWords(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}
