import { element, tableHead } from "../../core/elements.js";
import { percent } from "../../core/words.js";
import { TASKS } from "../../playground/task_list.js";
import { askFirst, showMessage } from "../messages.js";
import { ask, listen } from "../server.js";
import { durationText, sizeText, stateWord } from "../words.js";

/**
 * How one person is doing, as `api/class` says it.
 * @typedef {{ name: string, own: boolean, runs?: Record<string, number>, best?: number | null, errors?: string[],
 *   last?: { id: string, title: string, called: string, state: string, data: string } | null,
 *   training?: { state: string, place: number | null, starts_in: number | null }[],
 *   tasks: Record<string, { when: string, address: string, step: number }> }} PersonRow
 */

/** Seconds between two looks while the page is visible. */
const SECONDS = 5;

const HEADINGS = ["Person", "Now", "Own runs", "Best test accuracy", "Last run", "Problems", "Playground tasks"];

/**
 * Everybody in the studio: what they train, what went wrong, and which tasks they have done.
 * @param {HTMLElement} host
 */
export async function showClass(host) {
  document.title = "Class: cutaway studio";
  const body = element("tbody", {});
  const summary = element("p", { class: "lead", role: "status" });
  const inside = element("p", { class: "caption" });
  const draw = async () => {
    /** @type {{ people: PersonRow[], folder: string }} */
    const { people, folder } = await ask("api/class");
    summary.textContent = summaryOf(people);
    inside.replaceChildren(...insideWords(people, folder));
    body.replaceChildren(...people.map(personRow));
  };
  await draw();
  const table = element("table", { class: "class-table" }, tableHead(HEADINGS), body);
  host.replaceChildren(element("h1", { text: "Class" }), summary, element("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Class" }, table), inside);
  let isAsking = false;
  const again = async () => {
    if (isAsking || document.visibilityState !== "visible") return;
    isAsking = true;
    await draw().catch(() => {}); // the bar says when the studio does not answer
    isAsking = false;
  };
  setInterval(() => void again(), 1000 * SECONDS);
  document.addEventListener("visibilitychange", () => void again());
  listen({ jobs: () => void again() });
}

/** @param {PersonRow[]} people */
function summaryOf(people) {
  if (!people.length) return "Nobody else may come in. Start the studio with --students 20 --own-folders, or with --people class.txt.";
  const training = people.filter(({ training }) => training?.some(({ state }) => state !== "queued")).length;
  const waiting = people.filter(({ training }) => training?.some(({ state }) => state === "queued")).length;
  const withTasks = people.filter(({ tasks }) => Object.keys(tasks).length).length;
  return `${people.length} people: ${training} training, ${waiting} waiting, ${withTasks} with a task done.`;
}

/**
 * How the one who started the studio looks inside the runs of somebody else: nobody's link opens another one's folder.
 * @param {PersonRow[]} people
 * @param {string} folder name of the folder of runs
 */
function insideWords(people, folder) {
  const first = people.find(({ own, runs = {} }) => own && Object.keys(runs).length) ?? people.find(({ own }) => own);
  if (!first) return [];
  const path = `${folder}/people/${first.name}`;
  const command = `cutaway studio ${/^[\w./-]+$/.test(path) ? path : `"${path}"`}`;
  return [`To look inside the runs of ${first.name}, start a studio on their folder in a terminal: `, element("code", { text: command })];
}

/** @param {PersonRow} person */
function personRow(person) {
  const { name, own, runs = {}, best, last, errors = [], tasks } = person;
  const count = Object.values(runs).reduce((sum, value) => sum + value, 0);
  const done = Object.keys(tasks).map((name) => TASKS.find((task) => task.name === name)?.title ?? name);
  const problems = errors.length
    ? element("details", {}, element("summary", { text: `${errors.length}${errors.length === 5 ? " or more" : ""}` }), element("ul", {}, ...errors.map((text) => element("li", { text }))))
    : "";
  const cells = own
    ? [nowWords(person), String(count), typeof best === "number" ? percent(best) : "", last ? `${last.called || last.id}, ${stateWord(last.state)}` : "", problems]
    : ["looks at your runs", "", "", "", ""];
  return element(
    "tr",
    { "data-person": name },
    element("th", { scope: "row", text: name }),
    ...[...cells, done.length ? `${done.length}: ${done.join("; ")}` : ""].map((cell, k) => {
      const content = typeof cell === "string" ? element("span", { text: cell }) : cell;
      return element("td", { "data-label": HEADINGS[k + 1] }, ...(cell ? [content] : [])); // a narrow page leaves out empty cells
    }),
  );
}

/** @param {PersonRow} person */
function nowWords({ training = [] }) {
  const running = training.find(({ state }) => state !== "queued");
  if (running) return running.state === "running" ? "training" : "starting";
  const [waiting] = training;
  if (!waiting) return "";
  const when = waiting.starts_in === null ? "" : `, in about ${durationText(waiting.starts_in, 0)}`;
  return `number ${waiting.place} in the queue${when}`;
}

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
