import { counted, shownOf } from "./core/words.js";

/** Labels that are shown at a time. */
const SHOWN = 24;

/** Label issues; some are shown at a time. */
export class LabelIssueList {
  /** How many labels are shown. */
  shown = 0;

  /**
   * @param {HTMLElement} host
   * @param {(index: number) => void} [go] goes to the first label that is not shown yet
   */
  constructor(host, go = (index) => this.reveal(index)) {
    this.cards = /** @type {HTMLElement[]} */ ([...host.querySelectorAll(".label-issue")]);
    this.more = /** @type {HTMLButtonElement} */ (host.querySelector(".more-issues"));
    this.more.addEventListener("click", () => go(this.shown));
    this.reveal(0);
  }

  /**
   * Show as many labels as it takes to show one.
   * @param {number} index
   */
  reveal(index) {
    this.shown = Math.max(this.shown, shownOf(this.cards.length, SHOWN * Math.ceil((index + 1) / SHOWN)));
    this.cards.forEach((card, place) => {
      card.hidden = place >= this.shown;
    });
    const left = this.cards.length - this.shown;
    this.more.hidden = !left;
    this.more.textContent = `Show ${Math.min(SHOWN, left)} more of ${counted(left, "label")}`;
  }
}
