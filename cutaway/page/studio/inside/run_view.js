import { element } from "../../core/elements.js";
import { showInside } from "./inside.js";
import { runHead } from "./run_head.js";
import { showLive } from "../train/live.js";
import { showFixLabels } from "./fix_labels.js";
import { ask, runPath } from "../server.js";

/**
 * One run: how it was trained, and what is inside.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showRun(host, [id, view]) {
  const run = await ask(`api/${runPath(id)}`);
  if (view === "mend") return showFixLabels(host, run);
  const verdict = element("div", { class: "inside" });
  host.append(runHead(host, run), verdict);
  if (run.rows) showLive(host, run);
  showInside(host, run, verdict);
}
