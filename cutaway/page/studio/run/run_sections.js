import { choice, element, textButton } from "../../core/elements.js";
import { capitalized, grouped, percent } from "../../core/words.js";
import { addressOf } from "../../explorer/address.js";
import { drawFigures } from "../../core/charts.js";
import { linkSections } from "../../links.js";
import { startTables } from "../../tables.js";
import { partInAddress, showPart, startViews } from "../../views.js";
import { mapControls, mapTask, MapView } from "./map_view.js";
import { showError } from "../messages.js";
import { fetchPart, sectionElement } from "./parts.js";
import { offerRemedies } from "./remedies.js";
import { ask, comparePath, goTo, listen, mayWrite, runPath } from "../server.js";
import { showLive } from "../train/live.js";
import { doWork, progressLine, showWork, WorkCanceled } from "./work.js";

/**
 * The views of a run: its training while it is under way, its map, and all sections of its report, as they are made.
 * @param {HTMLElement} host
 * @param {any} run as `api/runs/ID` says it
 */
export function showRunSections(host, run) {
  const sections = new RunSections(host, run);
  if (run.rows) showLive(sections.view(run.state === "finished" ? "training" : "overview"), run);
  if (!run.rows?.length && !["running", "finished"].includes(run.state)) return;
  if (run.state !== "running") return void sections.start();
  const overview = sections.view("overview");
  const look = textButton("Look inside the model as it is now", () => begin());
  const hint = element("p", { class: "hint", text: "The layers are shown here when the training has ended." });
  const begin = () => {
    hint.remove();
    look.remove();
    sections.start(state === "finished");
  };
  overview.append(hint, look);
  let state = "running";
  const ended = (/** @type {string} */ now) => {
    if (state !== "running" || now === "running") return;
    state = now;
    if (look.isConnected) return begin();
    // what a person looks at stays
    hint.replaceChildren("The training has ended since. ", textButton("Look inside the model as it is now", () => location.reload()));
    overview.prepend(hint);
  };
  listen({ runs: ({ changed }) => ended(changed.find((/** @type {any} */ each) => each.id === run.id)?.state ?? "running") });
  // it may have ended before the stream of events was open
  void ask(`api/${runPath(run.id)}`).then((now) => ended(now.state)).catch(showError);
}

class RunSections {
  /** @type {Promise<string[]> | null} the names of all sections, in order */
  #order = null;
  /** @type {Map<string, HTMLElement>} by their names */
  #views = new Map();

  /**
   * @param {HTMLElement} host
   * @param {any} run
   */
  constructor(host, run) {
    this.run = run;
    this.task = mapTask(run.id);
    this.host = host;
    this.list = element("nav", { class: "view-list", "aria-label": "Views" });
    this.labels = element("a", { href: `${runPath(run.id)}/label-issues`, text: "Labels" });
    this.line = element("div");
    const [score, said] = typeof run.test?.r2 === "number" ? [run.test.r2, "of the variance of the test samples is explained."] : [run.test?.accuracy, "of the test samples are right."];
    const known = typeof score === "number" && element("div", { class: "answer" }, element("strong", { class: "worth-number", text: percent(score, 2) }), element("strong", { text: said }));
    this.verdict = element("div", { id: "verdict", class: "verdict-waiting" }, known || null, this.line);
    this.mapHost = element("div", { class: "map-view" });
    this.map = new MapView(this.mapHost, this.task, { links: host });
    this.subtitle = element("p");
    this.footer = element("p");
    this.bar = element("div", { class: "view-bar" }, this.list);
    host.replaceChildren(this.bar, this.view("overview", -1));
  }

  /** @param {boolean} [first] whether that comes before the curves of the training */
  start(first = false) {
    this.bar.append(this.#actions());
    this.view("overview")[first ? "prepend" : "append"](this.verdict, this.mapHost, mapControls(this.task));
    this.host.after(element("footer", {}, this.subtitle, this.footer));
    startViews();
    void this.map.start();
    const onPart = (/** @type {string} */ key, /** @type {string} */ name) => void this.#part(key, name).catch(showError);
    void showWork(this.line, { title: "Judging the run", kind: "sections", given: { run: this.run.id }, cancels: true, onPart }, () => {});
    void this.#countLabels();
  }

  /**
   * A view, which is made when it is first asked for, in the place of one of its sections.
   * @param {string} name
   * @param {number} [place]
   */
  view(name, place = Infinity) {
    const known = this.#views.get(name);
    if (known) return known;
    const made = element("div", { class: "view", "data-view": name, "data-place": place, hidden: this.#views.size > 0 });
    const others = /** @type {NodeListOf<HTMLElement>} */ (this.host.querySelectorAll(":scope > .view"));
    this.host.insertBefore(made, [...others].find((each) => Number(each.dataset.place) > place) ?? null);
    this.#views.set(name, made);
    return made;
  }

  /** What can be done with the run. */
  #actions() {
    const { id } = this.run;
    const report = textButton("Save as one file", () => void this.#report(report));
    const others = choice([["", "Compare with…"]], { "aria-label": "Compare with" });
    others.addEventListener("focus", () => void this.#others(others).catch(showError), { once: true });
    // not when it changes: with the keyboard each entry is passed by
    const compare = textButton("Compare", () => others.value && goTo(comparePath(id, others.value)));
    return element("div", { class: "run-bar" }, report, others, compare);
  }

  /** @param {HTMLSelectElement} list */
  async #others(list) {
    const { runs } = await ask("api/runs");
    const known = runs.filter((/** @type {any} */ each) => each.id !== this.run.id && each.state !== "damaged");
    known.sort((/** @type {any} */ one, /** @type {any} */ other) => Number(other.data === this.run.data) - Number(one.data === this.run.data));
    list.append(...known.map((/** @type {any} */ each) => element("option", { value: each.id, text: each.title || each.id })));
  }

  /**
   * @param {string} key
   * @param {string} name
   */
  async #part(key, name) {
    this.#order ??= fetchPart(key, "order").then(({ names }) => names);
    if (name === "order") return;
    const [order, part] = await Promise.all([this.#order, fetchPart(key, name)]);
    if (name === "heading") [this.subtitle.textContent, this.footer.textContent] = [part.subtitle, part.footer];
    else this.#add(part, order.indexOf(name));
  }

  /**
   * Put a section in its place among those of its view.
   * @param {import("./parts.js").SectionRecord} section
   * @param {number} place
   */
  #add(section, place) {
    const made = sectionElement(section);
    made.dataset.place = String(place);
    if (section.entries !== null) made.dataset.entries = String(section.entries);
    const view = this.view(section.view, place);
    const others = /** @type {NodeListOf<HTMLElement>} */ (view.querySelectorAll(":scope > section[data-place]"));
    const before = document.getElementById(section.name); // what waits for it, or what it was before it was made again
    if (section.name === "verdict") this.mapHost.after(this.line); // the rest comes below
    if (before) before.replaceWith(made);
    else view.insertBefore(made, [...others].find((each) => Number(each.dataset.place) > place) ?? null);
    for (const link of made.querySelectorAll("a[href='#label_issues']")) link.setAttribute("href", `${runPath(this.run.id)}/label-issues`);
    if (section.name === "learning" && !this.run.like) view.querySelector(".live-grid")?.remove(); // the same curves
    startTables(made);
    offerRemedies(made, this.run);
    if (section.name === "columns" && mayWrite() && this.run.origin === "training") void this.#leaveOut(made).catch(showError);
    this.#navigate();
    if (this.map.explorer) linkSections(this.map.explorer, made);
    drawFigures(section.figures);
    const wanted = partInAddress();
    if (wanted && (made.id === wanted || made.querySelector(`#${wanted}`))) showPart(wanted);
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

  /** Label issues have a page of its own, where they can be decided. */
  async #countLabels() {
    const { key } = await doWork("sheet", { run: this.run.id }).catch(() => ({ key: "" }));
    if (!key || !(await fetchPart(key, "index")).sections.length) return;
    const { entries } = await fetchPart(key, "label_issues");
    if (entries) this.labels.append(" ", countOf(entries));
  }

  /** Link to the views that have sections, in the order of the report. */
  #navigate() {
    const found = [...this.#views].flatMap(([name, view]) => {
      const first = /** @type {HTMLElement | null} */ (view.querySelector("section[data-place]"));
      return first ? [{ name, view, first }] : [];
    });
    found.sort((one, other) => Number(one.first.dataset.place) - Number(other.first.dataset.place));
    const links = found.map(({ name, view, first }) => {
      const { entries } = first.dataset;
      const given = { href: `#${first.id}`, "data-view": name, "aria-current": !view.hidden && "true" };
      return element("a", given, capitalized(name), ...(entries ? [" ", countOf(Number(entries))] : []));
    });
    if (mayWrite()) links.splice(1 + found.findIndex(({ name }) => name === "mistakes") || found.length, 0, this.labels);
    this.list.replaceChildren(...links);
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

/** @param {number} entries */
function countOf(entries) {
  return element("span", { class: "count", text: grouped(entries) });
}
