import { askFirst, showMessage } from "../messages.js";
import { ask } from "../server.js";
import { sizeText } from "../words.js";

/**
 * Copy a run into the folder of everybody who has one of their own, after a question.
 * @param {string} id of the run
 */
export async function handOut(id) {
  const { people, bytes } = await ask(`api/class/runs/${encodeURIComponent(id)}`);
  if (!people) {
    showMessage("Nobody has a folder of their own: all see this run already.");
    return;
  }
  const isSure = await askFirst({
    title: "Give this run to all",
    text: [
      `Each of ${people} people gets a copy of ${sizeText(bytes)} among their own runs, ${sizeText(people * bytes)} together.`,
      "Whoever has a run of this name keeps theirs.",
    ],
    action: "Give to all",
  });
  if (!isSure) return;
  const { given, had } = await ask("api/class/runs", { method: "POST", body: { run: id } });
  showMessage(`${given} people got a copy.${had ? ` ${had} had a run of this name already.` : ""}`);
}
