import { element } from "../../core/elements.js";
import { showLabelIssues } from "./label_issues.js";
import { showRunSections } from "./run_sections.js";
import { actionButton } from "../messages.js";
import { handOut } from "../people/class_view.js";
import { deleteRuns, renameRun } from "../runs/run_dialogs.js";
import { ask, goTo, mayWrite, others, runPath } from "../server.js";

/**
 * One run: how it was trained, and the sections of its report.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showRun(host, [id, view]) {
  const run = await ask(`api/${runPath(id)}`);
  if (view === "label-issues") return showLabelIssues(host, run);
  const views = element("div", { class: "views" });
  host.append(runHead(run), views);
  showRunSections(views, run);
}

/**
 * The head of the page of a run: its title, which is changed here, and the way into the trash.
 * @param {any} run as `api/runs/ID` says it
 */
function runHead(run) {
  const head = element("header", { class: "run-head" });
  const draw = () => {
    head.replaceChildren(
      element("h1", { text: run.called || run.id }),
      ...(mayWrite() ? [buttons()] : []),
      ...(run.model?.startsWith("2-") ? [element("p", {}, element("a", { href: `${runPath(run.id)}/playground`, text: "Open in the playground" }))] : []),
      ...(run.called ? [element("p", { class: "run-id", text: run.id })] : []),
    );
  };
  const buttons = () =>
    element(
      "div",
      { class: "live-actions" },
      actionButton("Rename", () => rename()),
      ...(others() ? [actionButton("Give to all", () => handOut(run.id), { title: "Copy this run into the folder of each person" })] : []),
      actionButton("Delete", () => remove()),
    );
  const rename = async () => {
    const become = (/** @type {any} */ { title, called }) => {
      Object.assign(run, { title, called });
      draw();
    };
    become(await ask(`api/${runPath(run.id)}`)); // another page may have changed the title since this one was loaded
    renameRun(run, become);
  };
  const remove = async () => {
    // another page: nothing here still asks for parts of the run
    if ((await deleteRuns([run], { offerUndo: false })).length) goTo(`trash/${encodeURIComponent(run.id)}`);
  };
  draw();
  return head;
}
