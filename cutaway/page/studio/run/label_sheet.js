import { choice, element, textButton } from "../../core/elements.js";
import { counted, grouped } from "../../core/words.js";
import { LabelIssueList } from "../../label_sheet.js";

/**
 * @typedef {"keep" | "relabel" | "drop"} LabelAction
 * @typedef {{ sample: string, suggested: number, action: LabelAction | null, label: number | null }} LabelIssueRecord
 * @typedef {{ name: string, names: string[], issues: LabelIssueRecord[] }} LabelSheetRecord what Python says of a sheet
 * @typedef {{ action: LabelAction, label: number | null }} LabelDecision
 */

/**
 * Keeps a decision immediately; what it throws takes the decision back.
 * @typedef {(index: number, now: LabelDecision | null, before: LabelDecision | null) => Promise<void>} Decide `now` is null where the decision `before` is taken back
 */

/** A sheet of label issues for a person to decide on; each decision is saved immediately. */
export class LabelSheetView {
  /** @type {Map<number, LabelDecision>} decisions of the page, by the place of the label issue */
  decisions = new Map();
  /** @type {{ index: number, before: LabelDecision | undefined }[]} */
  #done = [];
  /** How often something was decided or taken back here, and how often that was saved. */
  changes = 0;
  #current = 0;
  #pending = 0;
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  #failed = 0;

  /**
   * @param {HTMLElement} host
   * @param {LabelSheetRecord} record
   * @param {Decide} keep
   */
  constructor(host, record, keep) {
    this.record = record;
    /** @type {Pick<LabelIssueRecord, "action" | "label">[]} decisions from before the sheet was made */
    this.first = record.issues.map(({ action, label }) => ({ action, label }));
    this.keep = keep;
    this.list = new LabelIssueList(host, (index) => this.go(index));
    this.cards = this.list.cards;
    this.counts = element("p", { class: "sheet-counts", role: "status" });
    this.undoButton = textButton("Undo", () => this.undo());
    host.querySelector(".sheet-file")?.remove();
    host.prepend(element("div", { class: "sheet-bar" }, this.counts, element("div", { class: "actions" }, this.undoButton)), keys());
    const list = /** @type {HTMLElement} */ (host.querySelector(".label-issues"));
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#focused(/** @type {Element} */ (event.target)));
    this.cards.forEach((card, index) => this.#fill(card, index));
    addEventListener("beforeunload", (event) => {
      if (this.#pending) event.preventDefault();
    });
    this.#enter(0);
    this.#count();
  }

  /**
   * @param {number} index place of the label issue
   * @param {LabelAction} action
   * @param {number} [label] the number of the new class
   */
  decide(index, action, label) {
    const before = this.#decided(index);
    this.#done.push({ index, before: this.decisions.get(index) });
    this.decisions.delete(index); // the last decision is the last row
    const now = { action, label: action === "relabel" ? (label ?? this.record.issues[index].suggested) : null };
    this.decisions.set(index, now);
    this.#show(index);
    void this.#keepNow(index, now, before);
  }

  /** Take the last decision back, and go to its label. */
  undo() {
    const last = this.#done.pop();
    if (!last) return;
    const before = this.#decided(last.index);
    this.decisions.delete(last.index);
    if (last.before) this.decisions.set(last.index, last.before);
    this.#show(last.index);
    this.go(last.index);
    void this.#keepNow(last.index, null, before);
  }

  /**
   * Show decisions from elsewhere; decisions of this page that are not kept yet count for more.
   * @param {{ sample: string, action: LabelAction, label: number | null }[]} decided the last decision on each sample
   */
  update(decided) {
    if (this.#pending) return;
    const known = new Map(decided.map((each) => [each.sample, each]));
    for (const [index, issue] of this.record.issues.entries()) {
      const { action, label } = known.get(issue.sample) ?? this.first[index];
      const now = this.#decided(index);
      if (now.action === action && now.label === label) continue;
      this.decisions.delete(index);
      this.#done = this.#done.filter((each) => each.index !== index);
      Object.assign(issue, { action, label });
      this.#show(index);
    }
  }

  /**
   * Keep a decision immediately, after those that are on their way.
   * @param {number} index
   * @param {LabelDecision | null} now
   * @param {{ action: LabelAction | null, label: number | null }} before
   */
  async #keepNow(index, now, { action, label }) {
    this.changes++;
    this.#pending++;
    this.#count();
    this.#last = this.#last.then(() => this.keep(index, now, action && { action, label })).catch(() => {
      this.#failed++;
      this.decisions.delete(index); // it was not kept, and somebody has said why
      this.#done = this.#done.filter((each) => each.index !== index);
      this.#show(index);
    });
    await this.#last;
    this.changes++; // what was read while it was on its way may not have it
    this.#pending--;
    this.#count();
  }

  /** Wait until all decisions so far are saved; true if all of them were. */
  async kept() {
    const failed = this.#failed;
    await this.#last;
    return this.#failed === failed;
  }

  /**
   * Focus a label.
   * @param {number} index
   */
  go(index) {
    const place = Math.max(0, Math.min(this.cards.length - 1, index));
    this.list.reveal(place);
    this.#enter(place);
    this.cards[this.#current].focus();
  }

  /** Focus the first undecided label, if there is one. */
  goOn() {
    const index = this.cards.findIndex((_, each) => !this.#decided(each).action);
    if (index >= 0) this.go(index);
  }

  /**
   * @param {HTMLElement} card
   * @param {number} index
   */
  #fill(card, index) {
    const { names, issues } = this.record;
    const { suggested } = issues[index];
    const decide = (/** @type {LabelAction} */ action, /** @type {number} */ label = suggested) => {
      this.decide(index, action, label);
      this.go(index + 1);
    };
    const button = (/** @type {LabelAction} */ action, /** @type {string} */ text, /** @type {string} */ title) =>
      textButton(text, () => decide(action), { title, "aria-label": title, "data-action": action });
    const other = choice([["", "Other…"]], { "aria-label": "Relabel as", title: "Relabel as another class" });
    // a page of 200 labels and 1,000 classes has 200,000 options otherwise
    other.addEventListener("focus", () => {
      if (other.options.length === 1) other.append(...names.map((text, value) => element("option", { value, text })));
    });
    other.addEventListener("change", () => {
      if (other.value !== "") decide("relabel", Number(other.value));
      other.value = "";
    });
    const actions = element(
      "div",
      { class: "label-issue-actions" },
      button("keep", "Keep", "Keep the label (k)"),
      button("relabel", names[suggested], `Relabel as ${names[suggested]} (r)`),
      button("drop", "Drop", "Leave the sample out (d)"),
      ...(names.length > 2 ? [other] : []),
    );
    card.append(actions);
    for (const control of controls(card)) control.tabIndex = -1;
    this.#show(index, false);
  }

  /**
   * Show the decision on a label.
   * @param {number} index
   * @param {boolean} [counts]
   */
  #show(index, counts = true) {
    const { names } = this.record;
    const card = this.cards[index];
    const { action, label } = this.#decided(index);
    const words = { keep: "Kept", drop: "Dropped", relabel: `Relabeled as ${names[label ?? 0]}` };
    const place = /** @type {HTMLElement} */ (card.querySelector(".decision"));
    place.textContent = action ? words[action] : "";
    if (action) card.dataset.decided = action;
    else delete card.dataset.decided;
    for (const button of card.querySelectorAll("[data-action]")) {
      const { suggested } = this.record.issues[index];
      const pressed = button.getAttribute("data-action") === action && (action !== "relabel" || label === suggested);
      button.setAttribute("aria-pressed", String(pressed));
    }
    if (counts) this.#count();
  }

  /** @param {number} index */
  #decided(index) {
    return this.decisions.get(index) ?? this.record.issues[index];
  }

  #count() {
    const all = this.cards.map((_, index) => this.#decided(index).action);
    const [kept, relabeled, dropped] = ["keep", "relabel", "drop"].map((action) => all.filter((a) => a === action).length);
    const total = kept + relabeled + dropped;
    this.counts.textContent =
      `${grouped(total)} of ${counted(all.length, "label")} decided` +
      (total ? `: ${kept} kept, ${relabeled} relabeled, ${dropped} dropped` : "") +
      (this.#pending ? "; saving" : "");
    this.undoButton.disabled = !this.#done.length;
  }

  /**
   * Only the controls of one label are in the order of the Tab key, or 200 labels would be 1,000 stops.
   * @param {number} index
   */
  #enter(index) {
    const [left, entered] = [this.cards[this.#current], this.cards[index]];
    for (const control of [left, ...controls(left)]) control.tabIndex = -1;
    for (const control of [entered, ...controls(entered)]) control.tabIndex = 0;
    left.removeAttribute("aria-current");
    entered.setAttribute("aria-current", "true");
    this.#current = index;
  }

  /** @param {Element} target */
  #focused(target) {
    const index = this.cards.findIndex((card) => card.contains(target));
    if (index >= 0 && index !== this.#current) this.#enter(index);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || /** @type {Element} */ (event.target).closest("select")) return;
    const index = this.#current;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" || event.shiftKey) return;
      this.undo();
    } else {
      const row = this.#perRow();
      /** @type {Record<string, () => void>} */
      const keys = {
        k: () => this.decide(index, "keep"),
        r: () => this.decide(index, "relabel"),
        d: () => this.decide(index, "drop"),
        u: () => this.undo(),
        n: () => this.go(index + 1),
        p: () => this.go(index - 1),
        ArrowRight: () => this.go(index + 1),
        ArrowLeft: () => this.go(index - 1),
        ArrowDown: () => this.go(index + row < this.cards.length ? index + row : index),
        ArrowUp: () => this.go(index - row >= 0 ? index - row : index),
        Home: () => this.go(0),
        End: () => this.go(this.cards.length - 1),
      };
      const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!act) return;
      act();
      if ("krd".includes(event.key.toLowerCase())) this.go(index + 1);
    }
    event.preventDefault();
  }

  /** How many cards are in a row. */
  #perRow() {
    const next = this.cards.findIndex((card) => card.offsetTop !== this.cards[0].offsetTop);
    return next < 0 ? this.cards.length : next;
  }
}

/** @param {HTMLElement} card */
function controls(card) {
  return /** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll("button, select"));
}

/** What the keys do. */
function keys() {
  const key = (/** @type {string} */ text) => element("kbd", { text });
  return element(
    "p",
    { class: "sheet-keys hint" },
    ...[key("k"), " keep, ", key("r"), " relabel as suggested, ", key("d"), " drop, ", key("u"), " undo; arrow keys, or "],
    ...[key("n"), " and ", key("p"), ", go to the next and the previous label."],
  );
}
