import { choice, element, textButton } from "../../core/elements.js";
import { capitalized } from "../../core/words.js";
import { addressOf } from "../../explorer/address.js";
import { drawFigures } from "../../core/charts.js";
import { linkSections } from "../../links.js";
import { arrangeFolds, arrangeSectionList, keepFolds, markCurrent, showPart } from "../../section_list.js";
import { startTables } from "../../tables.js";
import { mapControls, mapTask, MapView } from "./map_view.js";
import { showError } from "../messages.js";
import { fetchPart, sectionElement } from "./parts.js";
import { ask, comparePath, goTo, listen, mayWrite, runPath } from "../server.js";
import { doWork, progressLine, showWork, WorkCanceled } from "./work.js";

/** @typedef {{ verdict: HTMLElement, list: HTMLDetailsElement }} SectionHosts where the first section comes, and the list of all */

/**
 * The sections of a run: its map, and all sections of its report, as they are made.
 * @param {HTMLElement} host
 * @param {any} run as `api/runs/ID` says it
 * @param {SectionHosts} places
 */
export function showRunSections(host, run, places) {
  places.list.hidden = true; // until there are sections
  if (!run.rows?.length && !["running", "finished"].includes(run.state)) return;
  const sections = element("div", { class: "run-sections" });
  host.append(sections);
  if (run.state !== "running") return void new RunSections(sections, run, places).start();
  const look = textButton("Look inside the model as it is now", () => begin());
  const stale = element("p", { class: "hint" }, "The training has ended since. ", textButton("Look inside the model as it is now", () => begin()));
  const begin = () => {
    stale.remove();
    sections.replaceChildren();
    new RunSections(sections, run, places).start();
  };
  sections.append(element("p", { class: "hint", text: "The layers are shown here when the training has ended." }), look);
  let running = true;
  const ended = (/** @type {string} */ state) => {
    if (!running || state === "running") return;
    running = false;
    if (look.isConnected) begin();
    else sections.before(stale); // what a person looks at stays
  };
  listen({ runs: ({ changed }) => ended(changed.find((/** @type {any} */ each) => each.id === run.id)?.state ?? "running") });
  // it may have ended before the stream of events was open
  void ask(`api/${runPath(run.id)}`).then(({ state }) => ended(state)).catch(showError);
}

/** Milliseconds after which nothing moves any more on a page that has everything. */
const SETTLED = 500;

class RunSections {
  /** @type {Promise<string[]> | null} the names of all sections, in order */
  #order = null;
  /** @type {IntersectionObserver | null} */
  #watch = null;
  /** The reader's section before the page was loaded again, until everything is there. */
  #wanted = history.state?.section ?? "";

  /**
   * @param {HTMLElement} host
   * @param {any} run
   * @param {SectionHosts} places
   */
  constructor(host, run, { verdict, list }) {
    this.run = run;
    this.task = mapTask(run.id);
    this.verdict = verdict;
    this.list = list;
    list.hidden = false;
    arrangeSectionList(list);
    keepFolds(host);
    addEventListener("scrollend", () => this.#keepPlace(history.state?.section ?? ""));
    for (const event of ["wheel", "pointerdown", "keydown"]) {
      addEventListener(event, () => (this.#wanted = ""), { once: true, passive: true }); // the reader goes elsewhere
    }
    this.subtitle = element("p", { class: "subtitle" });
    this.facts = element("dl", { class: "facts" });
    this.line = element("div");
    this.mapHost = element("div", { class: "map-view" });
    this.sections = element("div", { class: "sections" });
    this.footer = element("p", { class: "caption" });
    this.map = new MapView(this.mapHost, this.task, { links: host });
    // as high as most verdicts: little moves when it comes
    verdict.replaceChildren(element("div", { class: "verdict-waiting" }, element("p", { class: "hint", text: "Verdict" }), this.line));
    host.replaceChildren(
      ...[this.#bar(), mapControls(this.task), this.mapHost],
      ...[this.sections, this.subtitle, this.facts, this.footer],
    );
    this.mapHost.addEventListener("shown", () => this.#navigate());
  }

  start() {
    const isMapThere = new Promise((resolve) => this.mapHost.addEventListener("shown", resolve, { once: true }));
    void this.map.start();
    void Promise.all([this.#sections(), isMapThere]).then(() => setTimeout(() => (this.#wanted = ""), SETTLED));
    void this.#sheet();
  }

  /** What can be done with the run. */
  #bar() {
    const { id } = this.run;
    const report = textButton("Save as one file", () => void this.#report(report));
    const labelIssues = element("a", { class: "button", href: `${runPath(id)}/label-issues`, text: "Label issues" });
    const others = choice([["", "Compare with…"]], { "aria-label": "Compare with" });
    others.addEventListener("focus", () => void this.#others(others).catch(showError), { once: true });
    // not when it changes: with the keyboard each entry is passed by
    const compare = textButton("Compare", () => others.value && goTo(comparePath(id, others.value)));
    return element("div", { class: "run-bar" }, report, mayWrite() ? labelIssues : null, others, compare);
  }

  /** @param {HTMLSelectElement} list */
  async #others(list) {
    const { runs } = await ask("api/runs");
    const known = runs.filter((/** @type {any} */ each) => each.id !== this.run.id && each.state !== "damaged");
    known.sort((/** @type {any} */ one, /** @type {any} */ other) => Number(other.data === this.run.data) - Number(one.data === this.run.data));
    list.append(...known.map((/** @type {any} */ each) => element("option", { value: each.id, text: each.title || each.id })));
  }

  #sections() {
    const work = {
      title: "Judging the run",
      kind: "sections",
      given: { run: this.run.id },
      cancels: true,
      onPart: (/** @type {string} */ key, /** @type {string} */ name) => void this.#part(key, name).catch(showError),
    };
    return showWork(this.line, work, () => {}).then(() => {
      const waiting = this.verdict.querySelector(".verdict-waiting");
      if (!waiting) return;
      this.sections.before(this.line); // which says what failed
      waiting.remove();
    });
  }

  /**
   * @param {string} key
   * @param {string} name
   */
  async #part(key, name) {
    this.#order ??= fetchPart(key, "order").then(({ names }) => names);
    if (name === "order") return;
    const [order, part] = await Promise.all([this.#order, fetchPart(key, name)]);
    if (name === "heading") this.#heading(part);
    else await this.#add(part, order.indexOf(name));
  }

  /** @param {{ subtitle: string, facts: string[][], footer: string }} heading */
  #heading({ subtitle, facts, footer }) {
    this.facts.replaceChildren(...facts.map(([label, value]) => element("div", {}, element("dt", { text: label }), element("dd", { text: value }))));
    this.subtitle.textContent = subtitle;
    this.footer.textContent = footer;
  }

  /**
   * Put a section in its place among those that are there.
   * @param {import("./parts.js").SectionRecord} section
   * @param {number} place
   */
  async #add(section, place) {
    const made = sectionElement(section);
    document.getElementById(section.name)?.remove(); // it was made again
    if (section.name === "verdict") {
      made.addEventListener("click", (event) => {
        const target = /** @type {Element} */ (event.target).closest("a")?.getAttribute("href")?.slice(1);
        if (!target) return;
        event.preventDefault(); // the base of the studio's addresses is another page
        if (target === "label_issues") goTo(`${runPath(this.run.id)}/label-issues`); // which has a page of its own
        else showPart(target, { always: true });
      });
      this.sections.before(this.line); // the rest comes below
      this.verdict.replaceChildren(made);
      return this.#navigate();
    }
    made.dataset.place = String(place);
    const next = [.../** @type {NodeListOf<HTMLElement>} */ (this.sections.querySelectorAll(":scope > section"))].find(
      (each) => Number(each.dataset.place) > place,
    );
    startTables(made);
    if (section.name === "columns" && mayWrite() && this.run.origin === "training") void this.#leaveOut(made).catch(showError);
    arrangeFolds(made);
    this.sections.insertBefore(made, next ?? null);
    this.#navigate();
    if (this.map.explorer) linkSections(this.map.explorer, made);
    drawFigures(section.figures);
  }

  /**
   * Offer to train without a column, which says more than shuffling it does.
   * @param {HTMLElement} section on columns
   */
  async #leaveOut(section) {
    const { columns, repeats } = await ask(`api/${runPath(this.run.id)}/settings`);
    if (!repeats || columns.length < 2) return;
    const options = columns.map((/** @type {string} */ name) => [name, `without ${name}`]);
    const list = choice([["", "Train without…"], ...options], { "aria-label": "Train without a column" });
    const go = textButton("Train", () => list.value && goTo(`train?${new URLSearchParams({ like: this.run.id, ignore: list.value })}`));
    section.querySelector(".part .caption")?.after(element("p", { class: "choice-and-go" }, list, go));
  }

  /** The sheet of label issues has a page of its own, where it can be changed. */
  async #sheet() {
    const { key } = await doWork("sheet", { run: this.run.id }).catch(() => ({ key: "" }));
    if (!key || !(await fetchPart(key, "index")).sections.length) return;
    const count = (await fetchPart(key, "label_issues")).sheets[0]?.issues.length;
    if (!count) return;
    const words = `${count} label issues: go through them with the keyboard, and train again with what you decide.`;
    const link = element("a", { href: `${runPath(this.run.id)}/label-issues`, text: "Label issues" });
    this.sections.before(element("p", { class: "caption" }, words, " ", mayWrite() ? link : null));
  }

  #navigate() {
    const parts = [this.verdict, /** @type {HTMLElement} */ (this.sections.parentElement)];
    const found = parts.flatMap((part) => [.../** @type {NodeListOf<HTMLElement>} */ (part.querySelectorAll("section[id]"))]);
    const link = (/** @type {HTMLElement} */ section) => {
      const text = capitalized(section.id);
      const go = (/** @type {Event} */ event) => {
        event.preventDefault(); // the address keeps the view
        showPart(section.id, { always: true });
      };
      return element("a", { href: `${location.pathname}${location.search}#${section.id}`, text, onclick: go });
    };
    this.list.querySelector("nav")?.replaceChildren(...found.map(link));
    this.#watch?.disconnect();
    this.#watch = markCurrent(this.list, (current) => this.#keepPlace(current));
    if (!this.#wanted) return;
    showPart(this.#wanted, { always: true }); // parts that come above it push it down
    scrollBy(0, history.state?.offset ?? 0);
  }

  /**
   * Remember where the reader is, for when the page is loaded again.
   * @param {string} name of the section
   */
  #keepPlace(name) {
    const section = document.getElementById(name);
    if (!section || this.#wanted) return;
    history.replaceState({ ...history.state, section: name, offset: -section.getBoundingClientRect().top }, "");
  }

  /** @param {HTMLButtonElement} button */
  async #report(button) {
    const canceling = new AbortController();
    const line = progressLine({ title: "Writing the file", cancel: () => canceling.abort() });
    button.disabled = true;
    button.after(line.host);
    try {
      const { explorer } = this.map;
      const state = explorer ? addressOf(explorer) : "";
      const { key } = await doWork("report", { ...this.task, state }, { signal: canceling.signal, onState: line.show });
      const name = `${this.run.id}.html`;
      element("a", { href: `api/reports/${key}/${encodeURIComponent(name)}`, download: name }).click();
    } catch (error) {
      if (!(error instanceof WorkCanceled)) showError(error);
    } finally {
      line.host.remove();
      button.disabled = false;
    }
  }
}
