import { element } from "../core/elements.js";
import { showLive } from "./live.js";
import { ask } from "./server.js";

/**
 * One run.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showRun(host, [id]) {
  const run = await ask(`api/runs/${encodeURIComponent(id)}`);
  host.append(element("h1", { text: run.title || run.id }));
  if (run.rows) showLive(host, run);
}
