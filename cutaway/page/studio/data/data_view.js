import { element } from "../../core/elements.js";
import { surveyData } from "./survey.js";
import { dataAddress, dataName, dataText, LISTS, readData, readOptions } from "./data_address.js";
import { showPlaces, tablesBeside } from "./data_places.js";
import { fragment } from "../elements.js";
import { showError } from "../messages.js";
import { mayWrite } from "../server.js";
import { errorText } from "../words.js";

/** Uses that only one column of a table can have. */
const ROLES = ["label", "id", "group", "time", "weight"];

/** @param {HTMLElement} host */
export async function showData(host) {
  const query = new URLSearchParams(location.search);
  const data = readData(query.get("data"));
  if (data) await new ChosenData(host, data, readOptions(query.get("options"))).look();
  else await showPlaces(host);
}

/** Some data: their content, their use, and their problems. */
class ChosenData {
  #asked = 0;
  /** Choices that were made since something was found. */
  #choices = 0;
  /** Why nothing can be trained on these data, or null if something can. */
  #obstacle = /** @type {string | null} */ ("The data are being read.");
  /** @type {Promise<import("./data_address.js").DataReference[]> | null} */
  #beside = null;
  /** @type {import("./survey.js").DataSurvey | null} the survey with the last options that could be used */
  #found = null;

  /**
   * @param {HTMLElement} host
   * @param {import("./data_address.js").DataReference} data
   * @param {Record<string, any>} options as they are on the screen: whatever a person presses reads them here, when it
   *   is pressed, and nowhere else
   */
  constructor(host, data, options) {
    this.data = data;
    this.options = options;
    this.train = element("a", { class: "button primary-link", text: "Train on these data", "aria-describedby": "data-said" });
    this.notice = element("div", { id: "data-said" });
    this.working = element("div");
    this.body = element("div", { class: "data-body" });
    const other = element("a", { class: "button", href: "data", text: "Other data" });
    host.append(
      element("div", { class: "data-head" }, element("h1", { text: dataName(data) }), element("p", { class: "train-start" }, this.train, other)),
      ...[this.notice, this.working, this.body],
    );
    this.body.addEventListener("change", ({ target }) => this.#choose(/** @type {HTMLSelectElement} */ (target)));
    this.#link();
    this.#say(mayWrite() ? "" : "You may look at these data, but not train on them.");
  }

  /** Let the button train with the options on the screen, if anything can be trained. */
  #link() {
    const usable = this.#obstacle === null && mayWrite();
    if (usable) this.train.setAttribute("href", dataAddress("train", this.data, this.options));
    else this.train.removeAttribute("href");
    this.train.setAttribute("aria-disabled", String(!usable));
  }

  /**
   * Say below the button why it cannot be pressed, or why a choice was taken back.
   * @param {string} text
   */
  #say(text) {
    this.notice.replaceChildren(...(text ? [element("p", { class: "problem", role: "alert", text })] : []));
  }

  async look() {
    const number = ++this.#asked;
    this.body.setAttribute("aria-busy", "true");
    try {
      const found = await surveyData(this.working, this.data, this.options);
      if (number === this.#asked) this.#show(found, found.problem ?? "");
    } catch (error) {
      if (number === this.#asked) this.#fail(errorText(error));
    } finally {
      if (number === this.#asked) this.body.removeAttribute("aria-busy");
    }
  }

  /**
   * Say why nothing was found. Earlier findings stay for another choice.
   * @param {string} why
   */
  #fail(why) {
    if (this.#found) {
      this.#show(this.#found, this.#choices > 1 ? `${why}. Your last ${this.#choices} choices were taken back.` : why);
      return history.replaceState(null, "", dataAddress("data", this.data, this.options));
    }
    this.#say(why);
    const plain = element("a", { class: "button", href: dataAddress("data", this.data), text: "Look at them without these choices" });
    const sheet = element("input", { name: "sheet", type: "text", placeholder: "Name of the sheet", "aria-label": "Name of the sheet" });
    const offered = [/\.(xlsx|xlsm|ods)$/i.test(dataName(this.data)) ? [sheet] : [], Object.keys(this.options).length ? [plain] : []].flat();
    this.body.replaceChildren(...offered.map((each) => element("p", {}, each)));
  }

  /** @param {(options: Record<string, any>) => Record<string, any>} edit makes the next options from the present ones */
  change(edit) {
    this.options = edit(this.options);
    this.#choices++;
    history.replaceState(null, "", dataAddress("data", this.data, this.options));
    this.#link();
    void this.look().catch(showError);
  }

  /**
   * @param {import("./survey.js").DataSurvey} found
   * @param {string} reason
   */
  #show(found, reason) {
    const focused = document.activeElement?.id;
    this.#found = found;
    this.options = found.options;
    this.#choices = 0;
    this.#obstacle = found.problem;
    this.#link();
    if (mayWrite()) this.#say(reason);
    this.body.replaceChildren(fragment(found.html));
    void this.#offerTables(found.options.test).catch(showError);
    this.body.dataset.looked = String(this.#asked);
    if (focused) document.getElementById(focused)?.focus();
  }

  /**
   * A use of a column is chosen, or something that concerns all of them. What becomes of a column whose use has changed
   * is not known until the table is read again.
   * @param {HTMLSelectElement | HTMLInputElement} control
   */
  #choose({ name, value, dataset: { number } }) {
    if (!number) return this.change((options) => withChoice(options, name, value.trim()));
    for (const [k, row] of this.body.querySelectorAll(".column-table tbody tr").entries()) {
      const [select, treatment] = [row.querySelector("select"), row.querySelector(".treatment")];
      if (!(row instanceof HTMLElement) || !select || !treatment) continue;
      if (ROLES.includes(value) && select.value === value && k !== Number(number)) select.value = "feature";
      if (row.dataset.use !== select.value) treatment.textContent = "";
      row.dataset.use = select.value;
    }
    const column = this.#found?.columns[Number(number)];
    if (column) this.change((options) => withUse(options, column, value));
  }

  /**
   * Offer the other tables in the folder as test tables.
   * @param {string | undefined} chosen
   */
  async #offerTables(chosen) {
    const select = this.body.querySelector("#data-test");
    if (!select) return;
    const group = element("optgroup", { label: "All rows of another table" });
    const offer = (/** @type {import("./data_address.js").DataReference} */ each) => {
      const value = dataText(each);
      group.append(element("option", { value, text: dataName(each), selected: value === chosen }));
    };
    const first = readData(chosen ?? null); // shown immediately, and also if it is gone
    if (first) {
      offer(first);
      select.append(group);
    }
    for (const each of await (this.#beside ??= tablesBeside(this.data))) if (dataText(each) !== chosen) offer(each);
    if (group.childElementCount) select.append(group);
  }
}

/**
 * The options with another use of a column.
 * @param {Record<string, any>} options
 * @param {{ name: string, use: string }} column
 * @param {string} use
 */
function withUse(options, { name, use: before }, use) {
  const changed = structuredClone(options);
  for (const role of ROLES) if (changed[role] === name) delete changed[role];
  for (const list of LISTS) {
    const left = (changed[list] ?? []).filter((/** @type {string} */ each) => each !== name);
    if (left.length) changed[list] = left;
    else delete changed[list];
  }
  const list = use === "feature" && before === "ignored" ? "use" : use; // it might be left out by itself
  if (ROLES.includes(use)) changed[use] = name;
  else if (list !== "feature") changed[list] = [...(changed[list] ?? []), name];
  return changed;
}

/**
 * The options with another choice, "" for the default. Test samples are a share of the rows, or a second table.
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} value
 */
function withChoice(options, name, value) {
  const { [name]: _, ...others } = options;
  if (name === "test") delete others.test_share;
  if (!value) return others;
  if (name === "test" && !value.includes("/")) return { ...others, test_share: Number(value) };
  return { ...others, [name]: name === "size" ? Number(value) || value : value };
}
