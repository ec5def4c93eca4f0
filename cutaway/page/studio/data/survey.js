import { capitalized, percent } from "../../core/words.js";
import { ask, listen } from "../server.js";
import { dataBody } from "./data_address.js";
import { workingBox } from "./upload.js";

/**
 * What is in some data; see `cutaway.studio.data.surveyor`.
 * @typedef {{ kind?: string, name?: string, counts?: Record<string, number>, split?: Record<string, number>,
 *   classes?: { name: string, samples: number }[], more_classes?: number, inputs?: number, shape?: number[],
 *   columns: ColumnRecord[], more_columns?: number, left_out?: string, rows: string[][], options: Record<string, any>, guessed?: boolean,
 *   findings: { severity: string, title: string, text: string, samples: string[] }[], notes: string[],
 *   sheet?: { png: string, columns: number, height: number, width: number, names: string[], classes: string[] },
 *   problem: string | null }} DataSurvey
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
  let found = await ask("api/data/survey", { method: "POST", body: dataBody(data, options) });
  if (found.state === "working") found = await waitedFor(host, found.key);
  if (found.state === "done") {
    const { test } = options;
    return test ? { ...found.result, options: { ...found.result.options, test } } : found.result;
  }
  throw new Error(found.error ?? "Looking at the data was canceled. Next: reload the page to look again.");
}

/**
 * @param {HTMLElement} host
 * @param {string} key
 * @returns {Promise<any>}
 */
function waitedFor(host, key) {
  const path = `api/data/surveys/${key}`;
  const { box, words, bar } = workingBox(host, "Reading the data", { cancel: () => void ask(path, { method: "DELETE" }) });
  words.setAttribute("role", "status");
  return new Promise((done, failed) => {
    let over = false;
    const look = async () => {
      try {
        const found = await ask(path);
        if (over || found.state === "working") return;
        done(found);
      } catch (error) {
        failed(error);
      }
      over = true;
      box.remove();
    };
    listen({
      survey: (message) => {
        if (over || message.key !== key) return;
        if (message.state !== "working") void look();
        else if (message.progress) {
          const { task, done: part, total } = message.progress;
          words.textContent = `${capitalized(task)}${total ? ` ${percent(part / total, 0)}` : ""}`;
          if (total) bar.value = part / total;
        }
      },
      reset: () => void (over || look()),
    });
    void look(); // it may have ended meanwhile
  });
}
