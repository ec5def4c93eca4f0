import { dataBody } from "./data_address.js";
import { doWork, progressLine, WorkCanceled } from "../run/work.js";

/**
 * What is in some data, with the HTML that shows it; see `cutaway.jobs.survey_work`.
 * @typedef {{ html: string, kind: string | null, recipe: string | null, counts: Record<string, number> | null,
 *   split: Record<string, number> | null, columns: { name: string, use: string }[], left_out: string | null,
 *   guessed: boolean | null, options: Record<string, any>, problem: string | null }} DataSurvey
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
