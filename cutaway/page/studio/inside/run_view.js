import { showInside } from "./inside.js";
import { runHead } from "./run_head.js";
import { showLive } from "../train/live.js";
import { showMend } from "./mend.js";
import { ask } from "../server.js";

/**
 * One run: how it was trained, and what is inside.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showRun(host, [id, view]) {
  const run = await ask(`api/runs/${encodeURIComponent(id)}`);
  if (view === "mend") return showMend(host, run);
  host.append(runHead(host, run));
  if (run.rows) showLive(host, run);
  showInside(host, run);
}
