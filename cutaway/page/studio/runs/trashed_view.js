import { element } from "../../core/elements.js";
import { actionButton } from "../messages.js";
import { ask, goTo, runPath, ServerError } from "../server.js";
import { takeBack } from "./run_dialogs.js";

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
