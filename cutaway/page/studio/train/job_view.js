import { element } from "../../core/elements.js";
import { showError } from "../messages.js";
import { jobTitle, jobWords, queueElement } from "./queue.js";
import { ask, listen, runPath } from "../server.js";

/**
 * A training that waits or begins; once its run is there, the page goes on to it.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showJob(host, [id]) {
  const title = element("h1");
  const words = element("p", { class: "subtitle", "aria-live": "polite" });
  const next = element("p", { class: "train-start" });
  const draw = (/** @type {import("./queue.js").JobRow} */ job) => {
    if (job.run && job.state !== "queued") {
      location.replace(new URL(runPath(job.run), document.baseURI));
      return;
    }
    title.textContent = jobTitle(job);
    words.textContent = jobWords(job);
    words.classList.toggle("field-wrong", ["failed", "died"].includes(job.state));
    const over = ["failed", "died", "canceled", "ended"].includes(job.state);
    next.replaceChildren(over ? element("a", { class: "button", href: "train", text: "Train something else" }) : "");
  };
  const read = async () => draw(await ask(`api/trainings/${encodeURIComponent(id)}`));
  await read(); // nothing is there yet: of a training that there is not, the page says so
  host.append(title, words, next);
  listen({
    jobs: ({ jobs }) => {
      const job = jobs.find((/** @type {{ id: string }} */ each) => each.id === id);
      if (job) draw(job);
    },
    reset: () => void read().catch(showError),
  });
  host.append(await queueElement());
}
