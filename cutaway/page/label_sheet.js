import { element, saveText, textButton } from "./core/elements.js";
import { counted, grouped } from "./core/words.js";

/** Labels that are shown at a time. */
const SHOWN = 24;

/** Who decided, in the file of decisions. */
const DECIDER = "page";

/**
 * @typedef {"keep" | "relabel" | "drop"} LabelAction
 * @typedef {{
 *   sample: string, cell: string, suggested: number, action: LabelAction | null, label: number | null,
 * }} SuspectRecord
 * @typedef {{
 *   name: string, names: string[], cells: string[], suspects: SuspectRecord[], before: string,
 * }} LabelSheetRecord what Python says of a sheet: names of classes as they are shown, and as cells of the file of
 *   decisions; `before` is what the file begins with
 * @typedef {{ action: LabelAction, label: number | null, when: string }} LabelDecision
 */

/**
 * Keeps a decision immediately; what it throws takes the decision back.
 * @typedef {(index: number, now: LabelDecision | null, before: Pick<LabelDecision, "action" | "label"> | null)
 *   => Promise<void>} Decide `now` is null where the decision `before` is taken back
 */

/** A sheet of suspect labels, on which a person decides. Decisions are kept as long as the page is open, or immediately. */
export class LabelSheetView {
  /** @type {Map<number, LabelDecision>} what was decided in the page, by the place of the suspect */
  decisions = new Map();
  /** @type {{ index: number, before: LabelDecision | undefined }[]} */
  #done = [];
  /** How often something was decided or taken back here. */
  changes = 0;
  /** How many labels are shown. */
  shown = 0;
  #current = 0;
  #saved = "";
  #pending = 0;
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  #failed = 0;

  /**
   * @param {HTMLElement} host
   * @param {LabelSheetRecord} record
   * @param {{ save?: (text: string) => void | Promise<void>, decide?: Decide | null }} [given] `save` takes the file of
   *   decisions, and people save it if that is not given; `decide` keeps each immediately
   */
  constructor(host, record, { save = (text) => saveText("labels.csv", text), decide = null } = {}) {
    this.record = record;
    /** @type {Pick<SuspectRecord, "action" | "label">[]} what was decided before the sheet was made */
    this.first = record.suspects.map(({ action, label }) => ({ action, label }));
    this.save = save;
    this.keep = decide;
    this.cards = /** @type {HTMLElement[]} */ ([...host.querySelectorAll(".suspect")]);
    this.counts = /** @type {HTMLElement} */ (host.querySelector(".sheet-counts"));
    const button = (/** @type {string} */ name) =>
      /** @type {HTMLButtonElement} */ (host.querySelector(`[data-sheet="${name}"]`));
    this.undoButton = button("undo");
    this.undoButton.addEventListener("click", () => this.undo());
    button("save").addEventListener("click", () => void this.#save());
    button("save").hidden = decide !== null;
    const list = /** @type {HTMLElement} */ (host.querySelector(".suspects"));
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#focused(/** @type {Element} */ (event.target)));
    this.cards.forEach((card, index) => this.#fill(card, index));
    for (const hidden of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll(".sheet-bar, .sheet-keys"))) {
      hidden.hidden = false;
    }
    addEventListener("beforeunload", (event) => {
      if (this.unsaved) event.preventDefault();
    });
    this.#saved = this.text;
    this.more = /** @type {HTMLButtonElement} */ (host.querySelector(".more-suspects"));
    this.more.addEventListener("click", () => this.go(this.shown));
    this.#reveal(0);
    this.#enter(0);
    this.#count();
  }

  /** The file of decisions: earlier ones, and below them those of this page. */
  get text() {
    const { before, suspects, cells } = this.record;
    const rows = [...this.decisions].map(([index, { action, label, when }]) =>
      [suspects[index].cell, action, label === null ? "" : cells[label], DECIDER, when].join(","),
    );
    return before + rows.map((row) => `${row}\n`).join("");
  }

  get unsaved() {
    return this.keep ? this.#pending > 0 : this.text !== this.#saved;
  }

  /**
   * @param {number} index place of the suspect
   * @param {LabelAction} action
   * @param {number} [label] the number of the new class
   */
  decide(index, action, label) {
    const when = `${new Date().toISOString().slice(0, 19)}+00:00`; // as Python writes it
    const before = this.#decided(index);
    this.#done.push({ index, before: this.decisions.get(index) });
    this.decisions.delete(index); // the last decision is the last row
    const now = { action, label: action === "relabel" ? (label ?? this.record.suspects[index].suggested) : null, when };
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
   * Show what was decided elsewhere; what is decided here and not kept yet counts for more.
   * @param {{ sample: string, action: LabelAction, label: number | null }[]} decided the last decision on each sample
   */
  update(decided) {
    if (this.#pending) return;
    const known = new Map(decided.map((each) => [each.sample, each]));
    for (const [index, suspect] of this.record.suspects.entries()) {
      const { action, label } = known.get(suspect.sample) ?? this.first[index];
      const now = this.#decided(index);
      if (now.action === action && now.label === label) continue;
      this.decisions.delete(index);
      this.#done = this.#done.filter((each) => each.index !== index);
      Object.assign(suspect, { action, label });
      this.#show(index);
    }
  }

  /**
   * Keep a decision immediately, after those that are on their way, if somebody does that.
   * @param {number} index
   * @param {LabelDecision | null} now
   * @param {{ action: LabelAction | null, label: number | null }} before
   */
  async #keepNow(index, now, { action, label }) {
    const keep = this.keep;
    this.changes++;
    if (!keep) return;
    this.#pending++;
    this.#count();
    this.#last = this.#last.then(() => keep(index, now, action && { action, label })).catch(() => {
      this.#failed++;
      this.decisions.delete(index); // it was not kept, and somebody has said why
      this.#done = this.#done.filter((each) => each.index !== index);
      this.#show(index);
    });
    await this.#last;
    this.#pending--;
    this.#count();
  }

  /** Wait until what was decided so far is kept; whether all of it was. */
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
    this.#reveal(place);
    this.#enter(place);
    this.cards[this.#current].focus();
  }

  /** Focus the first label on which nobody has decided, if there is one. */
  goOn() {
    const index = this.cards.findIndex((_, each) => !this.#decided(each).action);
    if (index >= 0) this.go(index);
  }

  /**
   * Show as many labels as it takes to show one.
   * @param {number} index
   */
  #reveal(index) {
    this.shown = Math.max(this.shown, Math.min(this.cards.length, SHOWN * Math.ceil((index + 1) / SHOWN)));
    this.cards.forEach((card, place) => {
      card.hidden = place >= this.shown;
    });
    const left = this.cards.length - this.shown;
    this.more.hidden = !left;
    this.more.textContent = `Show ${Math.min(SHOWN, left)} more of ${counted(left, "label")}`;
  }

  async #save() {
    const { text } = this;
    await this.save(text);
    this.#saved = text;
    this.#count();
  }

  /**
   * @param {HTMLElement} card
   * @param {number} index
   */
  #fill(card, index) {
    const { names, suspects } = this.record;
    const { suggested } = suspects[index];
    const decide = (/** @type {LabelAction} */ action, /** @type {number} */ label = suggested) => {
      this.decide(index, action, label);
      this.go(index + 1);
    };
    const button = (/** @type {LabelAction} */ action, /** @type {string} */ text, /** @type {string} */ title) =>
      textButton(text, () => decide(action), { title, "aria-label": title, "data-action": action });
    const other = element(
      "select",
      { "aria-label": "Relabel as", title: "Relabel as another class" },
      element("option", { value: "", text: "Other…" }),
    );
    // a page of 200 labels and 1,000 classes has 200,000 options otherwise
    other.addEventListener("focus", () => {
      if (other.options.length === 1) other.append(...names.map((text, value) => element("option", { value, text })));
    });
    other.addEventListener("change", () => {
      if (other.value !== "") decide("relabel", Number(other.value));
      other.value = "";
    });
    const actions = /** @type {HTMLElement} */ (card.querySelector(".suspect-actions"));
    actions.append(
      button("keep", "Keep", "Keep the label (k)"),
      button("relabel", names[suggested], `Relabel as ${names[suggested]} (r)`),
      button("drop", "Drop", "Leave the sample out (d)"),
      ...(names.length > 2 ? [other] : []),
    );
    actions.hidden = false;
    for (const control of controls(card)) control.tabIndex = -1;
    this.#show(index, false);
  }

  /**
   * Show what was decided on a label.
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
      const { suggested } = this.record.suspects[index];
      const pressed = button.getAttribute("data-action") === action && (action !== "relabel" || label === suggested);
      button.setAttribute("aria-pressed", String(pressed));
    }
    if (counts) this.#count();
  }

  /** @param {number} index */
  #decided(index) {
    return this.decisions.get(index) ?? this.record.suspects[index];
  }

  #count() {
    const all = this.cards.map((_, index) => this.#decided(index).action);
    const [kept, relabeled, dropped] = ["keep", "relabel", "drop"].map((action) => all.filter((a) => a === action).length);
    const total = kept + relabeled + dropped;
    const unsaved = this.unsaved ? (this.keep ? "; saving" : "; not saved yet") : "";
    this.counts.textContent =
      `${grouped(total)} of ${counted(all.length, "label")} decided` +
      (total ? `: ${kept} kept, ${relabeled} relabeled, ${dropped} dropped` : "") +
      unsaved;
    this.undoButton.disabled = !this.#done.length;
  }

  /**
   * Only the controls of one label are in the order of the Tab key, so that 200 labels are not 1,000 stops.
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
    const top = this.cards[0].offsetTop;
    const next = this.cards.findIndex((card) => card.offsetTop !== top);
    return next < 0 ? this.cards.length : next;
  }
}

/** @param {HTMLElement} card */
function controls(card) {
  return /** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll("button, select"));
}
