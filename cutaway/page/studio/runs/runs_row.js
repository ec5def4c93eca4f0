import { sparkline } from "../../core/charts.js";
import { element } from "../../core/elements.js";
import { grouped, percent, signed } from "../../core/words.js";
import { namesOf, settingsOf, settingWords } from "./runs_search.js";
import { runPath } from "../server.js";
import { durationText, stateWord } from "../words.js";

/** @typedef {import("./runs_search.js").RunRow} RunRow */

/**
 * What a row shows in addition to the run itself.
 * @typedef {{ isSelected: boolean, differs: string[], wrong: string[] | null | undefined }} Shown
 *   differs: what others of its group do not share; wrong: null if not all was checked, undefined while that is being looked at
 */

/**
 * A row of the table of runs.
 * @param {RunRow} row
 * @param {Shown} shown
 * @param {(row: RunRow, isSelected: boolean) => void} select
 */
export function runRow(row, { isSelected, differs, wrong }, select) {
  const { name, end } = namesOf(row);
  const [hidden = row.model ?? ""] = settingWords(settingsOf(row).slice(0, 1));
  const title = name || differs.join(" · ") || hidden || row.id;
  const box = element("input", { type: "checkbox", "data-part": "select", "aria-label": `Select ${row.title || row.id}`, onchange: () => select(row, box.checked) });
  box.checked = isSelected;
  const label = title === row.id ? null : `${title}, ${row.id}`; // several runs may be called the same
  const link = element("a", { href: runPath(row.id), "data-part": "open", text: title, title: row.id, "aria-label": label });
  const small = [...(name ? new Set([hidden, ...differs]) : []), end].filter(Boolean).join(" · ");
  return element(
    "tr",
    { "data-run": row.id, "data-state": row.state, class: isSelected && "selected" },
    element("td", { class: "run-select" }, box),
    element("td", { class: "run-name" }, row.state === "damaged" ? element("span", { text: title }) : link, " ", element("small", { text: small, title: row.model })),
    accuracyCell(row),
    element("td", { class: "run-gain" }, accuracyBar(row)),
    element("td", { class: "run-wrong" }, ...wrongParts(row, wrong)),
    element("td", { class: "run-curve" }, lossCurve(row.curves)),
    element("td", { class: "run-created" }, createdElement(row)),
  );
}

/**
 * How often a run is right on the test samples, or on validation samples if there are none; its R2 if it predicts numbers.
 * @param {RunRow} row
 */
function accuracyCell({ test, val_accuracy, val_r2, val_epoch: epoch }) {
  const score = test ? test.accuracy ?? test.r2 : val_accuracy ?? val_r2;
  const title = test ? "test samples" : `validation samples, after epoch ${epoch}`;
  const cell = element("td", { class: "number run-accuracy", title: typeof score === "number" && title });
  const isR2 = typeof (test ? test.r2 : val_r2) === "number";
  const words = [isR2 && "R2", !test && "val"].filter(Boolean).join(" ");
  if (typeof score === "number") cell.append(percent(score, 2), ...(words ? [" ", element("small", { text: words })] : []));
  return cell;
}

/**
 * The accuracy between that of always predicting the largest class and 100%, or R2 between that of the mean and 100%.
 * @param {RunRow} row
 */
function accuracyBar({ test, baseline }) {
  const [score, least] = typeof test?.r2 === "number" ? [test.r2, 0] : [test?.accuracy, baseline];
  if (typeof score !== "number" || typeof least !== "number" || least >= 1) return null;
  const share = (score - least) / (1 - least);
  const points = signed(100 * (score - least), (size) => size.toFixed(1));
  const title = `${points} points: always predicting ${test?.r2 === score ? "the mean explains nothing" : `the largest class is right on ${percent(least, 2)}`}`;
  const bar = element("span", { class: "bar-of", role: "img", "data-below": share <= 0, title });
  bar.style.setProperty("--share", String(Math.max(0, share)));
  return bar;
}

/**
 * How far a training is; otherwise why a run failed, or what is wrong with it.
 * @param {RunRow} row
 * @param {string[] | null | undefined} wrong
 */
function wrongParts({ progress, planned, state, why }, wrong) {
  if (state === "finished") {
    const [tone, text] = !wrong ? ["unknown", wrong === null ? "not checked yet" : "checking…"] : wrong.length ? ["warning", wrong.join(" · ")] : ["good", "nothing"];
    return [element("span", { class: "state-word", "data-tone": tone, text, title: text })];
  }
  const reason = state === "died" ? "the process that trained it is gone" : why;
  const word = element("span", { class: "state-word", text: stateWord(state) });
  if (!progress) return [word, element("span", { class: "run-why", text: reason, title: reason })];
  const bar = element("progress", { max: 1, "aria-label": "Share of all epochs" });
  if (progress.share !== null) bar.value = progress.share;
  const parts = [
    planned ? `epoch ${progress.epoch} of ${planned}` : `epoch ${progress.epoch}`,
    progress.seconds_left === null ? null : `${durationText(progress.seconds_left)} left`,
    progress.rate === null ? null : `${grouped(Math.round(progress.rate))} samples/s`,
  ];
  return [word, element("span", { class: "run-progress", text: parts.filter(Boolean).join(" · ") }), bar];
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
    { width: 80, height: 22, margin: 2, low: scale(Math.min(...all)), high: scale(Math.max(...all)) },
    { class: "small-curve", role: "img", "aria-label": `loss ${spoken[0].toPrecision(3)}${then}` },
  );
}

/** @param {RunRow} row */
function createdElement({ created, epochs, seconds }) {
  const date = new Date(created ?? "");
  if (Number.isNaN(date.getTime())) return created ? element("span", { text: created }) : null;
  const text = date.toLocaleString("en", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  const took = typeof seconds === "number" ? `; ${epochs} epochs in ${durationText(seconds)}` : "";
  return element("time", { datetime: date.toISOString(), title: `${date.toLocaleString()}${took}`, text });
}
