import { element, textButton } from "../../core/elements.js";
import { grouped } from "../../core/words.js";
import { ask, listen, ServerError } from "../server.js";
import { durationText, errorText } from "../words.js";

/** By this the server knows who waits for what. */
const PAGE = globalThis.crypto?.randomUUID?.() ?? String(Math.random()).slice(2);

/** Milliseconds after which a page that waits asks again: soon at first, since an event may have come before it listened. */
const AGAIN = [300, 1500, 5000, 20_000];

/** Share of the work after which the page shows how long the rest takes: the first steps compile what all others need. */
const KNOWN = 0.05;

/**
 * How a job stands; see `cutaway.jobs.JobState`.
 * @typedef {{ task: string, done: number, total: number, unit: string, note: string, rate: number | null,
 *   left: number | null }} WorkProgress
 * @typedef {{ key: string, state: "waiting" | "running" | "done" | "failed" | "canceled", parts: any[],
 *   progress: WorkProgress | null, error: string | null, result: any, place?: number }} WorkState
 */

/** Somebody has canceled the work. */
export class WorkCanceled extends Error {}

/** @type {Set<(state: any) => void>} */
const listeners = new Set();
let listening = false;

function follow() {
  if (listening) return;
  listening = true;
  listen({ job: (state) => [...listeners].forEach((listener) => listener(state)) });
  addEventListener("pagehide", () => {
    if (listeners.size) void ask(`api/jobs?page=${PAGE}`, { method: "DELETE", keepalive: true }).catch(() => {});
  });
}

/**
 * Ask for a job, or how it stands.
 * @param {string} kind such as "sections"
 * @param {Record<string, any>} given what the job needs; null and empty values are left out
 * @param {boolean} [again] whether it is done again where it failed
 * @returns {Promise<WorkState>}
 */
export function askForJob(kind, given, again = false) {
  const isGiven = (/** @type {any} */ value) => value !== null && value !== undefined && value !== "" && value.length !== 0;
  const job = Object.fromEntries(Object.entries(given).filter(([, value]) => isGiven(value)));
  return ask(`api/jobs/${kind}`, { method: "POST", body: { page: PAGE, again, job } });
}

/**
 * Have something computed, unless it is there, and wait for it.
 * @param {string} kind such as "sections"
 * @param {Record<string, any>} given what the job needs
 * @param {{ onPart?: (key: string, name: string) => void, onState?: (state: WorkState) => void, signal?: AbortSignal,
 *   again?: boolean }} [options] `onPart` is called once for each part that is there, `signal` cancels, `again` tries
 *   again what failed before
 * @returns {Promise<WorkState>} how it stands when it is done
 */
export function doWork(kind, given, { onPart, onState, signal, again = false } = {}) {
  follow();
  return new Promise((resolve, reject) => {
    const seen = new Set();
    let [key, timer, asked] = ["", 0, 0];
    const end = (/** @type {() => void} */ say) => {
      clearTimeout(timer);
      listeners.delete(heard);
      signal?.removeEventListener("abort", leave);
      say();
    };
    const part = (/** @type {string} */ name) => {
      if (seen.has(name) || name === "index") return;
      seen.add(name);
      onPart?.(key, name);
    };
    const take = (/** @type {WorkState} */ state) => {
      onState?.(state);
      if (state.state === "done") end(() => resolve(state));
      else if (state.state === "failed") end(() => reject(new ServerError(state.error ?? "")));
      else if (state.state === "canceled") askAgain(); // not by us: a page that sleeps is forgotten
    };
    const heard = (/** @type {any} */ state) => {
      if (!key || state.key !== key) return;
      if (state.part) part(state.part);
      if (state.state === "done" && !seen.size) void askAgain(); // an event has no result
      else take(state);
    };
    const askAgain = async () => {
      clearTimeout(timer);
      try {
        const state = await askForJob(kind, given, again && !asked);
        if (signal?.aborted) return;
        key = state.key;
        state.parts.forEach(part);
        timer = setTimeout(askAgain, AGAIN[Math.min(asked++, AGAIN.length - 1)]);
        if (state.state !== "canceled") take(state);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const leave = () => {
      if (key) void ask(`api/jobs/${key}?page=${PAGE}`, { method: "DELETE" }).catch(() => {});
      end(() => reject(new WorkCanceled("The work was canceled.")));
    };
    listeners.add(heard);
    signal?.addEventListener("abort", leave);
    void askAgain();
  });
}

/**
 * Have something computed, and show how far it is; if it fails, why, with a button that tries again.
 * @param {HTMLElement} host where that is shown, and nothing once it is done
 * @param {{ title: string, kind: string, given: Record<string, any>, cancels?: boolean,
 *   onPart?: (key: string, name: string) => void, again?: boolean }} work kind, given and onPart: as for `doWork`;
 *   cancels: whether a button cancels it; again: whether what failed before is tried again
 * @param {(key: string) => unknown} done is called with the key of the result
 */
export async function showWork(host, work, done) {
  const { title, kind, given, cancels = false, onPart, again } = work;
  const canceling = new AbortController();
  const line = progressLine({ title, cancel: cancels ? () => canceling.abort() : null });
  const onState = (/** @type {WorkState} */ state) => {
    if (state.state === "done") return;
    if (!line.host.isConnected) host.replaceChildren(line.host);
    line.show(state);
  };
  try {
    const { key } = await doWork(kind, given, { again, signal: canceling.signal, onPart, onState });
    await done(key);
    if (line.host.parentElement === host) line.host.remove();
  } catch (error) {
    host.replaceChildren(failureLine(error, () => void showWork(host, { ...work, again: true }, done)));
  }
}

/**
 * A line that shows how far work is, with a button that cancels it.
 * @param {{ title: string, cancel?: (() => void) | null }} given
 */
export function progressLine({ title, cancel = null }) {
  const bar = element("progress", { max: 1, "aria-label": title });
  const words = element("span", { class: "work-words", "aria-live": "polite", text: title });
  const button = cancel && textButton("Cancel", cancel);
  const host = element("div", { class: "work-line" }, words, bar, button);
  const show = (/** @type {Pick<WorkState, "state" | "progress" | "place">} */ { state, progress, place }) => {
    const share = progress?.total ? progress.done / progress.total : null;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    const details = state === "waiting" ? [`number ${place || 1} in the queue`] : progressWords(progress);
    words.textContent = details.length ? `${title}: ${details.join(", ")}` : title;
  };
  return { host, show };
}

/** @param {WorkProgress | null} progress */
function progressWords(progress) {
  if (!progress) return [];
  const words = [progress.note || (progress.task === "report" ? "" : progress.task)];
  const part = words[0].includes("%"); // the note says how far one step of several is
  if (progress.total) words.push(`${Math.floor((100 * progress.done) / progress.total)}%${part ? " of everything" : ""}`);
  if (progress.rate && progress.rate >= 10) words.push(`${grouped(Math.round(progress.rate))} ${progress.unit}/s`);
  const share = progress.total ? progress.done / progress.total : 0;
  if (progress.left !== null && progress.left >= 1 && share >= KNOWN) words.push(`about ${durationText(Math.ceil(progress.left))} left`);
  return words.filter(Boolean);
}

/**
 * Why something could not be computed, with a button that tries again.
 * @param {unknown} error
 * @param {() => void} retry
 */
export function failureLine(error, retry) {
  const canceled = error instanceof WorkCanceled;
  const words = element("span", { class: "work-words", text: errorText(error) });
  const given = { class: canceled ? "work-line" : "work-line failed", role: canceled ? "status" : "alert" };
  return element("div", given, words, textButton(canceled ? "Go on" : "Try again", retry));
}
