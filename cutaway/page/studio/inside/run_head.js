import { element, textButton } from "../../core/elements.js";
import { actionButton } from "../messages.js";
import { deleteRuns, editRun, takeBack } from "../runs/run_dialogs.js";
import { handOut } from "../people/hand_out.js";
import { ask, mayWrite, others, runPath } from "../server.js";

/**
 * The head of the page of a run: its title, tags and note, which are changed here, and the way into the trash.
 * @param {HTMLElement} host of the page
 * @param {any} run as `api/runs/ID` says it
 */
export function runHead(host, run) {
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
    if ((await deleteRuns([run], { offerUndo: false })).length) showDeleted(host, run);
  };
  draw();
  return head;
}

/**
 * What stands in place of a run that is in the trash.
 * @param {HTMLElement} host
 * @param {any} run
 */
function showDeleted(host, run) {
  const back = async () => {
    if ((await takeBack([run.id])).length) location.reload();
  };
  host.replaceChildren(
    element("h1", { text: run.title || run.called || run.id }),
    element("p", { class: "lead", text: "This run is in the trash." }),
    element(
      "p",
      { class: "studio-buttons" },
      textButton("Take it back", () => void back()),
      element("a", { class: "button", href: ".", text: "All runs" }),
    ),
  );
}
