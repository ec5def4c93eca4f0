import { element } from "../../core/elements.js";
import { showInside } from "./inside.js";
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
  host.append(element("h1", { text: run.title || run.id }));
  if (run.rows) showLive(host, run);
  showInside(host, run);
}
