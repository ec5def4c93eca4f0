import { element, textButton } from "../../core/elements.js";
import { counted, grouped } from "../../core/words.js";
import { LabelSheetView } from "./label_sheet.js";
import { actionButton, showError } from "../messages.js";
import { fetchPart, sectionElement } from "./parts.js";
import { ask, comparePath, listen, mayWrite, runPath } from "../server.js";
import { followJobs } from "../train/queue.js";
import { showWork } from "./work.js";

/**
 * Go through label issues, decide, train again, and see what it changed.
 * @param {HTMLElement} host
 * @param {any} run as `api/runs/ID` says it
 */
export function showLabelIssues(host, run) {
  const view = new LabelIssuesView(run);
  const back = element("a", { href: runPath(run.id), text: run.title || run.id });
  host.append(
    element("p", { class: "crumbs" }, back),
    element("h1", { text: "Label issues" }),
    ...[view.line, view.place, view.again],
  );
  void view.start();
}

class LabelIssuesView {
  /** @type {LabelSheetView | null} */
  sheet = null;
  #key = "";
  #decided = { count: 0, changing: 0, changed: 0 };
  /** @type {any} the last training with decisions of this run, as a row of the queue */
  #training = null;
  #shown = "";

  /** @param {any} run */
  constructor(run) {
    this.run = run;
    this.path = `api/${runPath(run.id)}`;
    this.line = element("div");
    this.place = element("div", { class: "label-issues-page" });
    this.again = element("section", { class: "train-again", id: "again", hidden: true });
    // the label that has the focus stays above it
    const keepSpace = () => document.body.style.setProperty("--train-bar", `${this.again.offsetHeight}px`);
    new ResizeObserver(keepSpace).observe(this.again);
    listen({
      decisions: (event) => event.run === run.id && void this.#update().catch(showError),
      reset: () => void this.#update().catch(showError),
    });
  }

  start() {
    const work = { title: "Reading the label issues", kind: "sheet", given: { run: this.run.id }, again: true };
    return showWork(this.line, work, async (key) => {
      this.#key = key;
      const index = await fetchPart(key, "index");
      this.line.replaceChildren();
      if (index.sections.length) await this.#show();
      else this.#offer();
    });
  }

  /** Nobody has looked for label issues yet. */
  #offer() {
    const words =
      "Nobody has looked for wrong labels in these data yet. Models are trained on parts of the data, and each sample is " +
      "judged by models that were not trained on it. It takes about as long as five trainings; finished ones are kept.";
    const begin = textButton("Find label issues", () => this.#find());
    this.place.replaceChildren(element("p", { class: "paragraph", text: words }), mayWrite() ? begin : "");
  }

  #find() {
    this.place.replaceChildren();
    const work = { title: "Looking for label issues", kind: "label_issues", given: { run: this.run.id }, cancels: true, again: true };
    void showWork(this.line, work, () => this.start());
  }

  async #show() {
    const section = await fetchPart(this.#key, "label_issues");
    const made = sectionElement(section);
    this.place.replaceChildren(made);
    const [record] = section.sheets;
    if (!record) return void (await this.#update(), this.#followTraining()); // it says why there is none
    const caption = made.querySelector(".caption");
    if (caption) caption.textContent = "Each decision is saved in the run's labels.csv immediately.";
    const host = /** @type {HTMLElement} */ (made.querySelector(".label-sheet"));
    if (!mayWrite()) return;
    this.sheet = new LabelSheetView(host, record, (index, now, before) => this.#decide(index, now, before));
    Object.assign(host, { sheet: this.sheet }); // for scripts of others, and for tests
    await this.#update();
    this.#followTraining();
    if (document.activeElement === document.body) this.sheet.goOn(); // the keys work immediately
  }

  /** @type {import("./label_sheet.js").Decide} */
  async #decide(index, now, before) {
    try {
      await ask(`${this.path}/decisions`, { method: "POST", body: { key: this.#key, index, now, before } });
    } catch (error) {
      showError(error);
      throw error;
    } finally {
      setTimeout(() => void this.#update().catch(showError)); // once the sheet knows how it went
    }
  }

  /** Show decisions of other pages, and how many there are. */
  async #update() {
    const changes = this.sheet?.changes;
    const { decisions, changed } = await ask(`${this.path}/decisions`);
    if (this.sheet?.changes === changes) this.sheet?.update(decisions); // otherwise they are fetched again soon
    const changing = decisions.filter((/** @type {any} */ each) => each.action !== "keep").length;
    this.#decided = { count: decisions.length, changing, changed };
    this.#offerAgain();
  }

  /** Follow the last training with decisions of this run, also one that was begun before the page was loaded. */
  #followTraining() {
    const show = (/** @type {any[]} */ jobs) => {
      this.#training = jobs.findLast((each) => each.of === this.run.id && each.labels) ?? null;
      this.#offerAgain();
    };
    void followJobs(show).catch(showError);
  }

  /** Say how many decisions there are, and offer a training with them, or say how the one with them stands. */
  #offerAgain() {
    const { count, changing, changed } = this.#decided;
    const { state = "", run = "", created = 0, id = "", error = "", stopped = false } = this.#training ?? {};
    const known = JSON.stringify([state, run, id, error, stopped, this.#decided]);
    if (known === this.#shown) return; // a button that is drawn again loses the focus
    this.#shown = known;
    this.again.hidden = !count || this.run.origin !== "training";
    const compare = comparePath(this.run.id, run);
    if (["queued", "starting", "running"].includes(state)) {
      const watch = run ? runPath(run) : `trainings/${encodeURIComponent(id)}`;
      const link = element("a", { href: watch, text: run ? "Watch it" : "See where it stands" });
      this.#say(["It is being trained with your decisions. ", link]);
      return;
    }
    const isDone = state === "ended" && run && !stopped && created >= changed;
    const begin = actionButton("Train again from the same seed with these decisions", () => this.#train(), {
      class: isDone ? "" : "primary",
      disabled: !changing,
    });
    if (isDone) {
      const link = element("a", { class: "button primary", href: compare, text: "See what it changed, sample by sample" });
      this.#say(["The training with your decisions is done."], link, begin);
    } else {
      const failed = error ? `The training did not end well: ${error} ` : stopped ? "The last training was stopped. " : "";
      const words = `${counted(count, "decision")} in labels.csv; ${grouped(changing)} would change the training. `;
      const link = state === "ended" && run ? element("a", { href: compare, text: "See what the last training changed" }) : "";
      this.#say([failed + words, link], begin);
    }
  }

  /**
   * @param {(string | HTMLElement)[]} words
   * @param {HTMLElement[]} buttons
   */
  #say(words, ...buttons) {
    this.again.replaceChildren(element("p", { class: "paragraph" }, ...words), ...buttons);
  }

  async #train() {
    if (!(await this.sheet?.kept())) return; // what could not be kept was reported, and is no longer on the screen
    this.#training = await ask("api/trainings", { method: "POST", body: { kind: "like", run: this.run.id, labels: true } });
    this.#offerAgain();
  }
}
