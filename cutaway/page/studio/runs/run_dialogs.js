import { element, labeled, textButton } from "../../core/elements.js";
import { counted, shownOf } from "../../core/words.js";
import { actionButton, askFirst, openDialog, showError, showMessage } from "../messages.js";
import { ask, goTo, runPath, ServerError } from "../server.js";

/** @typedef {import("./runs_search.js").RunRow} RunRow */

/** @param {Pick<RunRow, "id" | "title">} row */
function nameOf(row) {
  return row.title || row.id;
}

/**
 * Let a person write the title of a run.
 * @param {Pick<RunRow, "id" | "title">} row
 * @param {(saved: Pick<RunRow, "title" | "called">) => void} [done] called with the run's row after that
 */
export function renameRun(row, done) {
  const title = element("input", { type: "text", maxlength: 200, placeholder: row.id, value: row.title });
  const save = element("button", { type: "submit", class: "main", text: "Save" });
  const cancel = textButton("Cancel", () => dialog.close());
  const form = element(
    "form",
    { method: "dialog", onsubmit: (/** @type {Event} */ event) => void send(event).catch(showError) },
    labeled("Title", title),
    element("div", { class: "studio-buttons" }, cancel, save),
  );
  const dialog = openDialog(`Rename ${row.id}`, form);
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    const saved = await ask(`api/${runPath(row.id)}/title`, { method: "PUT", body: { title: title.value } });
    dialog.close();
    done?.(saved);
  };
}

/**
 * Move runs into the trash, after asking, and offer to take them back.
 * @param {Pick<RunRow, "id" | "title">[]} rows
 * @param {{ offerUndo?: boolean }} [options]
 * @returns {Promise<string[]>} the runs that are in the trash now
 */
export async function deleteRuns(rows, { offerUndo = true } = {}) {
  const few = shownOf(rows.length, 5);
  const names = rows.slice(0, few).map(nameOf).join(", ") + (rows.length > few ? ` and ${rows.length - few} more` : "");
  const one = rows.length === 1;
  const sure = await askFirst({
    title: one ? `Delete ${names}?` : `Delete ${counted(rows.length, "run")}?`,
    text: [
      ...(one ? [] : [names]),
      "With a run go its weights of every epoch, its predictions and results, its report, and the labels that were decided in it.",
      "It goes to the trash, and can be taken back until the trash is emptied.",
    ],
    action: one ? "Delete the run" : `Delete ${counted(rows.length, "run")}`,
  });
  if (!sure) return [];
  const deleted = await forEach(rows.map(({ id }) => id), (id) => ask(`api/${runPath(id)}`, { method: "DELETE" }));
  if (!deleted.length || !offerUndo) return deleted;
  const undo = textButton("Undo", () => void takeBack(deleted));
  const text = one ? `${names} is in the trash.` : `${counted(deleted.length, "run")} are in the trash.`;
  showMessage(text, { action: undo, seconds: 30 });
  return deleted;
}

/**
 * Take runs out of the trash.
 * @param {string[]} ids
 * @returns {Promise<string[]>} those that are back
 */
function takeBack(ids) {
  return forEach(ids, (id) => ask(`api/trash/${encodeURIComponent(id)}`, { method: "POST" }));
}

/**
 * Do something with each of some runs, one after the other; an error is shown, and the others go on.
 * @param {string[]} ids
 * @param {(id: string) => Promise<any>} act
 * @returns {Promise<string[]>} those that it worked for
 */
async function forEach(ids, act) {
  /** @type {string[]} */
  const done = [];
  for (const id of ids) await act(id).then(() => done.push(id), showError);
  return done;
}

/**
 * Show the trash.
 * @param {string[]} ids
 * @returns {(ids: string[]) => void} shows its present runs
 */
export function openTrash(ids) {
  const list = element("ul", { class: "trash" });
  const empty = actionButton("Empty the trash", () => emptyTrash(shown), { class: "serious" });
  let shown = ids;
  const close = textButton("Close", () => dialog.close());
  const hint = element("p", { class: "hint" });
  const dialog = openDialog("Trash", hint, list, element("div", { class: "studio-buttons" }, close, empty));
  /** @param {string[]} now */
  const show = (now) => {
    hint.textContent = now.length ? "Deleted runs are here until the trash is emptied." : "The trash is empty.";
    empty.hidden = !now.length;
    list.replaceChildren(...now.map((id) => {
      const back = textButton("Take back", () => void takeBack([id]), { "aria-label": `Take back ${id}` });
      return element("li", {}, element("span", { text: id }), back);
    }));
    shown = now;
  };
  show(ids);
  return show;
}

/** @param {string[]} runs those that the person sees: later ones stay in the trash */
async function emptyTrash(runs) {
  const sure = await askFirst({
    title: "Empty the trash?",
    text: [`${counted(runs.length, "run")} and all that is in them: weights, predictions, results, decided labels. Nobody can bring them back.`],
    action: `Delete ${counted(runs.length, "run")} for good`,
  });
  if (sure) await ask("api/trash", { method: "DELETE", body: { runs } });
}

/**
 * A run that has been deleted on its own page, and the way back.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showTrashed(host, [id]) {
  const { runs, trash } = await ask("api/runs");
  if (!trash.includes(id)) {
    if (runs.some((/** @type {any} */ each) => each.id === id)) return goTo(runPath(id)); // it was taken back
    throw new ServerError("This run is not in the trash. Next: begin with all runs.");
  }
  const back = async () => {
    if ((await takeBack([id])).length) goTo(runPath(id));
  };
  host.append(
    element("h1", { text: id }),
    element("p", { class: "lead", text: "This run is in the trash." }),
    element("p", { class: "studio-buttons" }, actionButton("Take it back", back), element("a", { class: "button", href: ".", text: "All runs" })),
  );
}
