import { capitalized, percent } from "../../core/words.js";
import { doWork, WorkCanceled } from "../inside/work.js";
import { dataBody } from "./data_address.js";
import { workingBox } from "./upload.js";

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
  /** @type {ReturnType<typeof workingBox> | null} */
  let shown = null;
  const onState = (/** @type {import("../inside/work.js").WorkState} */ { state, progress }) => {
    if (state !== "waiting" && state !== "running") return;
    if (!shown) {
      shown = workingBox(host, "Reading the data", { cancel: () => canceling.abort() });
      shown.words.setAttribute("role", "status");
    }
    if (!progress) return;
    const { task, done, total } = progress;
    shown.words.textContent = `${capitalized(task)}${total ? ` ${percent(done / total, 0)}` : ""}`;
    if (total) shown.bar.value = done / total;
  };
  try {
    const { result } = await doWork("survey", dataBody(data, options), { again: true, signal: canceling.signal, onState });
    const { test } = options;
    return test ? { ...result, options: { ...result.options, test } } : result;
  } catch (error) {
    if (!(error instanceof WorkCanceled)) throw error;
    throw new Error("Looking at the data was canceled. Next: reload the page to look again.");
  } finally {
    /** @type {any} */ (shown)?.box.remove();
  }
}
