// Tasks with goals that the page checks, and a sheet of results that a student can hand in.

import { element, saveFile, textButton } from "../core/elements.js";
import { DATA_SETS, scoreOf } from "./data_sets.js";
import { DEFAULTS, toAddress } from "./fields.js";
import { doneTasks, handIn, TASKS } from "./task_list.js";

/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./controller.js").State} State */
/** @typedef {import("./session.js").Settings} Settings */
/** @typedef {import("./task_list.js").Memory} Memory */
/** @typedef {import("./task_list.js").Task} Task */

/** @returns {Memory} */
const nothing = () => ({ overfit: null, learned: new Set(), diverged: new Set() });

/** Shows tasks, checks their goals, and writes the sheet of results. */
export class TasksView {
  /**
   * @param {{ tasks: HTMLElement, started: HTMLElement }} hosts Of all tasks, and of the one that was started.
   * @param {Controller} controller
   * @param {object} given
   * @param {(settings: Settings, message: string) => Promise<void>} given.begin Shows other data, with these settings.
   * @param {string} given.tasksAt The address where the studio learns which tasks are done; "" outside of a studio.
   */
  constructor({ tasks, started }, controller, { begin, tasksAt }) {
    this.controller = controller;
    this.begin = begin;
    this.tasksAt = tasksAt;
    this.memory = nothing();
    this.reached = new Map(TASKS.map(({ name, goals }) => [name, goals.map(() => false)]));
    /** @type {Map<string, { when: string, address: string, step: number }>} */
    this.done = new Map();
    /** @type {Map<string, number>} The choice that a person made. */
    this.answers = new Map();
    this.started = "";
    this.startedHost = started;
    this.goal = element("div", {});
    this.hints = element("ol", { "aria-live": "polite" });
    this.hint = textButton("Hint", () => this.#helpOn());
    started.append(this.goal, this.hints, element("p", {}, this.hint, " ", textButton("Leave the task", () => this.#start(""))));
    this.cards = new Map(TASKS.map((task) => [task.name, element("li", { class: "task" })]));
    const name = element("input", { type: "text", autocomplete: "name", maxlength: 80 });
    this.count = element("strong", {});
    const save = textButton("Save the sheet of results", () => saveFile("playground-results.txt", this.#sheet(name.value)));
    const sheet = element("div", { class: "sheet" }, this.count, element("label", {}, "Your name ", name), save);
    tasks.append(element("p", { class: "hint", text: 'Press "Start this task" first: from then on its goals are checked.' }), element("ol", { class: "tasks" }, ...this.cards.values()), sheet);
    for (const task of TASKS) this.#draw(task);
    void this.#readDone();
  }

  /** Mark the tasks that were done before. */
  async #readDone() {
    try {
      const known = await doneTasks(this.tasksAt);
      for (const task of TASKS) {
        if (!Object.hasOwn(known, task.name)) continue;
        this.done.set(task.name, known[task.name]);
        this.#draw(task);
      }
    } catch (error) {
      this.#say(error);
    }
  }

  /** @param {unknown} error */
  #say(error) {
    const why = error instanceof Error ? error.message : String(error);
    this.controller.store.set({ message: `Which tasks are done is not kept: ${why.trim()} Next: save the sheet of results.` });
  }

  /** @param {State} state */
  show({ frame, settings }) {
    const task = TASKS.find(({ name }) => name === this.started);
    if (!task) return;
    if (settings.data !== task.start.data) return this.#start(""); // who chooses other data leaves the task
    if (!frame || frame.isTried || frame.settings.data !== task.start.data) return;
    const reached = /** @type {boolean[]} */ (this.reached.get(task.name));
    const view = { frame, settings: frame.settings };
    const now = task.goals.map(({ isReached }, k) => isReached(view, this.memory) || reached[k]);
    if (now.every((value, k) => value === reached[k])) return;
    this.reached.set(task.name, now);
    this.#finish(task);
    this.#draw(task);
  }

  /** @param {Task} task */
  #finish({ name, title, goals, question }) {
    const isDone = this.reached.get(name)?.filter(Boolean).length === goals.length && (!question || this.answers.get(name) === question.right);
    const { settings, frame } = this.controller.state;
    const isAgain = this.done.has(name);
    if (!isDone || (isAgain && this.started !== name)) return;
    if (this.started === name) this.#start("");
    const done = this.done.get(name) ?? { when: new Date().toISOString(), address: toAddress(settings), step: frame?.step ?? 0 };
    this.done.set(name, done);
    const later = TASKS.slice(TASKS.findIndex((task) => task.name === name));
    const next = [...later, ...TASKS].find((task) => !this.done.has(task.name));
    this.controller.store.set({ message: `Task done: "${title}". ${next ? `Next task: "${next.title}"` : "All tasks are done"}.` });
    if (!isAgain) handIn(this.tasksAt, name, done).catch((error) => this.#say(error));
  }

  /** @param {string} name Of the task that is started; "" for none. */
  #start(name) {
    const before = this.started;
    this.started = name;
    this.hints.replaceChildren();
    this.startedHost.hidden = !name;
    for (const each of TASKS) if (each.name === before || each.name === name) this.#draw(each);
  }

  /** Show the next hint; once all goals are reached, the question, which is on the card of the task. */
  #helpOn() {
    const task = TASKS.find(({ name }) => name === this.started);
    if (!task) return;
    if (this.reached.get(task.name)?.every(Boolean)) {
      document.getElementById("tabTasks")?.click();
      this.cards.get(task.name)?.scrollIntoView({ block: "center" });
      return;
    }
    this.hints.append(element("li", { text: task.hints[this.hints.children.length] }));
    this.#drawStarted(task);
  }

  /**
   * The goals of the task that was started, where messages are: its card is below the controls.
   * @param {Task} task
   */
  #drawStarted({ name, title, goal, hints }) {
    const isAsked = this.reached.get(name)?.every(Boolean) ?? false;
    const text = isAsked ? "All goals are reached. One question is left." : goal;
    this.goal.replaceChildren(element("strong", { text: title }), ` ${text}`, this.#goals(name));
    this.hint.textContent = isAsked ? "Show the question" : this.hints.children.length ? "Next hint" : "Hint";
    this.hint.disabled = !isAsked && this.hints.children.length === hints.length;
  }

  /** @param {string} name Of a task. */
  #goals(name) {
    const [goals, reached] = [TASKS.find((task) => task.name === name)?.goals ?? [], this.reached.get(name) ?? []];
    const list = goals.map(({ text }, k) => element("li", { class: reached[k] ? "reached" : "" }, element("span", { text: `${reached[k] ? "✓" : "○"} ${text}` })));
    return element("ul", { class: "goals" }, ...list);
  }

  /** @param {Task} task */
  #draw(task) {
    const { name, title, goal, goals, hints, question, start } = task;
    const [reached, isDone, isStarted] = [this.reached.get(name) ?? [], this.done.has(name), this.started === name];
    const begin = async () => {
      await this.begin({ ...DEFAULTS, noise: DATA_SETS[String(start.data)]?.noise ?? DEFAULTS.noise, ...start }, "The task has begun: its goals are checked from now on.");
      this.memory = nothing();
      if (this.done.has(name)) {
        const none = goals.map(() => false);
        this.reached.set(name, none);
        this.answers.delete(name);
      }
      this.#start(name);
    };
    /** @type {HTMLElement[]} */
    const parts = [
      element("h3", { text: `${isDone ? "✓ " : ""}${title}` }),
      element("p", { text: goal }),
      this.#goals(name),
      textButton(isStarted ? "Begin again" : "Start this task", () => void begin()),
      element("details", { open: this.cards.get(name)?.querySelector("details")?.open }, element("summary", { text: "Hints" }), element("ol", {}, ...hints.map((text) => element("li", { text })))),
    ];
    if (question && reached.every(Boolean)) parts.push(this.#question(task));
    this.cards.get(name)?.replaceChildren(...parts);
    this.cards.get(name)?.classList.toggle("done", isDone);
    this.count.textContent = `${this.done.size} of ${TASKS.length} tasks done`;
    if (isStarted) this.#drawStarted(task);
  }

  /** @param {Task} task */
  #question(task) {
    const { name, question } = task;
    if (!question) return element("p");
    const answered = this.answers.get(name);
    const choices = question.choices.map((text, k) => {
      const onchange = () => {
        this.answers.set(name, k);
        this.#finish(task);
        this.#draw(task);
        /** @type {HTMLElement | null} */ (document.querySelector(`input[name="question-${name}"]:checked`))?.focus();
      };
      return element("label", {}, element("input", { type: "radio", name: `question-${name}`, checked: answered === k, onchange }), ` ${text}`);
    });
    const said = answered === undefined ? "" : answered === question.right ? `Right. ${question.why}` : "No. Look again, and choose another answer.";
    return element("fieldset", {}, element("legend", { text: question.text }), ...choices, element("p", { role: "status", text: said }));
  }

  /** @param {string} person */
  #sheet(person) {
    const lines = TASKS.map(({ name, title, goals }) => {
      const done = this.done.get(name);
      const reached = this.reached.get(name)?.filter(Boolean).length ?? 0;
      return done ? `[x] ${title}: done at step ${done.step}, ${done.when}, settings ${done.address || "as at first"}` : `[ ] ${title}: ${reached} of ${goals.length} goals`;
    });
    const { frame, parts } = this.controller.state;
    const [score, write] = scoreOf(parts.train);
    const now = frame ? `${score} of the test samples now: ${write(frame.test.score)}.` : "";
    return [`cutaway playground: results of ${person || "(no name)"}`, new Date().toISOString(), "", ...lines, "", `${this.done.size} of ${TASKS.length} tasks done. ${now}`, ""].join("\n");
  }
}
