import { element } from "../../core/elements.js";
import { actionButton } from "../messages.js";
import { deleteRuns, editRun } from "../runs/run_dialogs.js";
import { handOut } from "../people/hand_out.js";
import { ask, goTo, mayWrite, others, runPath } from "../server.js";

/**
 * The head of the page of a run: its title, tags and note, which are changed here, and the way into the trash.
 * @param {any} run as `api/runs/ID` says it
 */
export function runHead(run) {
  const head = element("header", { class: "run-head" });
  const draw = () => {
    const tags = run.tags.map((/** @type {string} */ text) => element("li", { class: "tag", text }));
    head.replaceChildren(
      element("h1", { text: run.title || run.called || run.id }),
      ...(mayWrite() ? [buttons()] : []),
      ...(run.model?.startsWith("2-") ? [element("p", {}, element("a", { href: `${runPath(run.id)}/playground`, text: "Open in the playground" }))] : []),
      ...(run.title || run.called ? [element("p", { class: "run-id", text: run.id })] : []),
      ...(tags.length ? [element("ul", { class: "tags", "aria-label": "Tags" }, ...tags)] : []),
      ...(run.note ? [element("p", { class: "run-note-whole", text: run.note })] : []),
    );
  };
  const buttons = () =>
    element(
      "div",
      { class: "live-actions" },
      actionButton("Edit", () => edit(), { title: "Title, tags and note" }),
      ...(others() ? [actionButton("Give to all", () => handOut(run.id), { title: "Copy this run into the folder of each person" })] : []),
      actionButton("Delete", () => remove()),
    );
  const edit = async () => {
    const { runs } = await ask("api/runs"); // another page may have changed the notes since this one was loaded
    const become = (/** @type {any} */ { title, tags, note }) => {
      Object.assign(run, { title, tags, note });
      draw();
    };
    become(runs.find((/** @type {{ id: string }} */ each) => each.id === run.id) ?? run);
    editRun(run, runs.flatMap((/** @type {{ tags: string[] }} */ { tags }) => tags), become);
  };
  const remove = async () => {
    // another page, so that nothing here still asks for parts of the run
    if ((await deleteRuns([run], { offerUndo: false })).length) goTo(`trash/${encodeURIComponent(run.id)}`);
  };
  draw();
  return head;
}
