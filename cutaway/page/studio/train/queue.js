import { element } from "../../core/elements.js";
import { capitalized, counted } from "../../core/words.js";
import { actionButton, showError } from "../messages.js";
import { ask, listen, mayWrite, runPath } from "../server.js";

/**
 * A training of the queue; see `cutaway.studio.trainings.queue`.
 * @typedef {{ id: string, state: string, place: number | null, waiting: number | null, starts_in: number | null,
 *   run: string | null, note: string, error: string | null, kind: string, data?: string, name?: string | null,
 *   of?: string, from_epoch?: number | null, created: number | null }} JobRow
 */

/** @param {JobRow} job */
function jobTitle(job) {
  if (job.kind === "resume") return `Resume ${job.of}`;
  if (job.kind === "like") return job.from_epoch === null || job.from_epoch === undefined ? `Like ${job.of}` : `From epoch ${job.from_epoch} of ${job.of}`;
  return `Train ${job.name ? `${job.name} ` : ""}on ${job.data}`;
}

/** @param {JobRow} job */
function jobWords(job) {
  const { state, note, error, place, waiting, starts_in: seconds } = job;
  if (state === "queued") {
    const first = place === 1; // among all that wait, other people's included
    const when = seconds ? `, ${first ? "" : "starting "}in about ${seconds < 120 ? counted(seconds, "second") : counted(Math.round(seconds / 60), "minute")}` : "";
    return `${first ? "The next one to start" : `Number ${place} of ${waiting} in the queue`}${when}${note ? `; it ${note}` : ""}.`;
  }
  if (state === "starting") return "It is starting.";
  if (state === "running") return job.run ? "It is training." : note ? `${capitalized(note)}.` : "Loading the data.";
  if (state === "canceled") return "Canceled.";
  return error ?? "It has ended.";
}

/**
 * Call a function with all trainings of the queue, now and whenever one of them changes.
 * @param {(jobs: JobRow[]) => void} show
 */
export async function followJobs(show) {
  let updates = 0;
  const read = async () => {
    const before = updates;
    const { jobs } = await ask("api/trainings");
    if (updates === before) show(jobs); // otherwise it is older than an update that came meanwhile
  };
  listen({
    jobs: ({ jobs }) => {
      updates++;
      show(jobs);
    },
    reset: () => void read().catch(showError),
  });
  await read();
}

/** The trainings that wait, run, or have failed. */
export async function queueElement() {
  const list = element("ul", { class: "queue" });
  const box = element("section", { class: "queue-box", "aria-label": "Queue" }, element("h2", { text: "Queue" }), list);
  const draw = (/** @type {JobRow[]} */ jobs) => {
    const shown = jobs.filter(({ state }) => !["ended", "canceled"].includes(state));
    box.hidden = !shown.length;
    list.replaceChildren(...shown.map(jobElement));
  };
  await followJobs(draw);
  return box;
}

/** @param {JobRow} job */
function jobElement(job) {
  const name = encodeURIComponent(job.id);
  const href = job.run ? runPath(job.run) : `trainings/${name}`;
  const takeAway = () => ask(`api/trainings/${name}`, { method: "DELETE" });
  const stop = () => ask(`api/trainings/${name}/stop`, { method: "POST", body: {} });
  const button =
    job.state === "queued" ? actionButton("Cancel", takeAway) : job.state === "running" ? actionButton("Stop", stop) : job.state === "starting" ? null : actionButton("Remove from the list", takeAway);
  return element(
    "li",
    { "data-state": job.state },
    element("div", {}, element("a", { href, text: jobTitle(job) }), element("p", { class: "caption", text: jobWords(job) })),
    mayWrite() ? button : null,
  );
}

/**
 * A training that waits or begins; once its run is there, the page goes on to it.
 * @param {HTMLElement} host
 * @param {string[]} parts
 */
export async function showJob(host, [id]) {
  const title = element("h1");
  const words = element("p", { class: "subtitle", "aria-live": "polite" });
  const next = element("p", { class: "train-start" });
  const draw = (/** @type {JobRow} */ job) => {
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
