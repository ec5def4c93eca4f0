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
  const rail = /** @type {HTMLDetailsElement} */ (
    element("details", { class: "rail" }, element("summary", { text: "Sections" }), element("nav", { "aria-label": "Sections" }))
  );
  const content = element("div", { class: "frame-content" }, verdict);
  host.append(runHead(run), element("div", { class: "frame" }, rail, content));
  if (run.rows) showLive(content, run);
  showInside(content, run, { verdict, rail });
}
