import { element, percent } from "../core/elements.js";
import { showError } from "./messages.js";
import { ask, listen } from "./server.js";

/**
 * A run as the list shows it; see `cutaway.studio.runs.row`.
 * @typedef {{ id: string, state: string, why: string | null, title: string, tags: string[], note: string,
 *   created?: string, data?: string, model?: string, epochs?: number, planned?: number | null,
 *   test?: { loss: number, accuracy: number } | null, best?: number | null, seconds?: number | null,
 *   curves?: Record<string, (number | null)[]> }} RunRow
 */

/**
 * The list of runs.
 * @param {HTMLElement} host
 */
export async function showRuns(host) {
  const table = element("tbody");
  host.append(element("h1", { text: "Runs" }), element("table", { class: "runs" }, table));
  /** @type {Map<string, RunRow>} */
  let rows = new Map();
  const draw = () => table.replaceChildren(...[...rows.values()].map(rowElement));
  const read = async () => {
    const answer = await ask("api/runs");
    rows = new Map(answer.runs.map((/** @type {RunRow} */ row) => [row.id, row]));
    draw();
  };
  listen({
    reset: () => void read().catch(showError),
    runs: ({ changed, gone }) => {
      for (const id of gone) rows.delete(id);
      for (const row of changed) rows.set(row.id, row);
      draw();
    },
  });
  await read();
}

/** @param {RunRow} row */
function rowElement(row) {
  const name = element("a", { href: `runs/${encodeURIComponent(row.id)}`, text: row.title || row.id });
  const accuracy = row.test ? percent(row.test.accuracy, 2) : "";
  const cells = [row.state, row.data ?? "", row.model ?? "", String(row.epochs ?? ""), accuracy];
  return element("tr", {}, element("td", {}, name), ...cells.map((text) => element("td", { text })));
}
