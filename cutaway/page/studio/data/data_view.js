import { choice, element } from "../../core/elements.js";
import { capitalized, counted, grouped } from "../../core/words.js";
import { columnTable, rowTable, showUses, surveyData } from "./column_table.js";
import { dataAddress, dataName, dataText, readData, readOptions } from "./data_address.js";
import { placesElement, tablesBeside } from "./data_places.js";
import { field, verdictItem } from "../elements.js";
import { showError } from "../messages.js";
import { ask, mayWrite } from "../server.js";
import { errorText } from "../words.js";

/**
 * Choices that concern a whole table.
 * @type {{ name: string, label: string, values: [string, string][] }[]}
 */
const CHOICES = [
  {
    name: "numbers",
    label: "Numbers are",
    values: [
      ["standard", "standardized"],
      ["robust", "scaled by quartiles"],
      ["quantile", "ranks as normal deviates"],
      ["none", "taken as they are"],
    ],
  },
  {
    name: "missing",
    label: "Unknown numbers",
    values: [
      ["median", "become the median"],
      ["refuse", "are an error"],
    ],
  },
];

/** @type {[string, string][]} Shares of the rows that become test samples, and their names. */
const SHARES = [
  ["", "a fifth of the rows"],
  ["0.1", "a tenth"],
  ["0.3", "three tenths"],
];

/** @param {HTMLElement} host */
export async function showData(host) {
  const query = new URLSearchParams(location.search);
  const data = readData(query.get("data"));
  if (data) {
    await new ChosenData(host, data, readOptions(query.get("options"))).look();
    return;
  }
  host.append(element("h1", { text: "Data" }), element("p", { class: "subtitle", text: "Choose what a model is to learn from." }));
  host.append(placesElement(await ask("api/data")));
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
  /** @type {import("./column_table.js").DataSurvey | null} the survey with the last options that could be used */
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
    this.facts = element("p", { class: "subtitle" });
    const other = element("a", { class: "button", href: "data", text: "Other data" });
    host.append(
      element("div", { class: "data-head" }, element("h1", { text: dataName(data) }), element("p", { class: "train-start" }, this.train, other)),
      ...[this.notice, this.facts, this.working, this.body],
    );
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
      if (number !== this.#asked) return;
      this.#fail(errorText(error));
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
      history.replaceState(null, "", dataAddress("data", this.data, this.options));
      return;
    }
    this.#say(why);
    const plain = element("a", { class: "button", href: dataAddress("data", this.data), text: "Look at them without these choices" });
    this.body.replaceChildren(...(Object.keys(this.options).length ? [element("p", {}, plain)] : []));
  }

  /** @param {(options: Record<string, any>) => Record<string, any>} edit makes the next options from the present ones */
  change(edit) {
    this.options = edit(this.options);
    this.#choices++;
    history.replaceState(null, "", dataAddress("data", this.data, this.options));
    this.#link();
    if (this.#found) showUses(this.body, this.#found, this.options);
    void this.look().catch(showError);
  }

  /**
   * @param {import("./column_table.js").DataSurvey} found
   * @param {string} reason
   */
  #show(found, reason) {
    const focused = document.activeElement?.closest("tr")?.getAttribute("data-column");
    this.#found = found;
    this.options = found.options;
    this.#choices = 0;
    this.#obstacle = found.problem;
    this.#link();
    if (mayWrite()) this.#say(reason);
    this.facts.textContent = found.counts ? factsText(found) : "";
    this.body.replaceChildren(...this.#parts(found));
    this.body.dataset.looked = String(this.#asked);
    if (focused) /** @type {HTMLElement | null} */ (this.body.querySelector(`tr[data-column="${CSS.escape(focused)}"] select`))?.focus();
  }

  /** @param {import("./column_table.js").DataSurvey} found */
  #parts(found) {
    const parts = [];
    if (found.guessed) {
      const text = `The label was taken to be "${found.options.label}". If it is another column, choose "Label" there.`;
      parts.push(element("p", { class: "lead", text }));
    }
    parts.push(findingsElement(found));
    if (found.columns.length) {
      parts.push(element("h2", { text: "Columns" }));
      if (found.left_out) parts.push(element("p", { class: "caption", text: `Left out: ${found.left_out}.` }));
      parts.push(columnTable(found, (edit) => this.change(edit)), this.#tableChoices());
      if (found.rows.length) parts.push(rowTable(found));
    }
    if (found.kind === "images" || /size/.test(found.problem ?? "")) parts.push(this.#size());
    if (found.classes) parts.push(element("h2", { text: "Classes" }), classesElement(found));
    if (found.sheet) parts.push(element("h2", { text: "Images" }), sheetElement(found.sheet));
    return parts;
  }

  /** The size that images are brought to; those that come with cutaway keep theirs. */
  #size() {
    if (this.data.place === "bundled") return element("div");
    const input = element("input", { id: "data-size", type: "text", inputmode: "numeric", placeholder: "their own", value: this.options.size ?? "" });
    input.addEventListener("change", () => {
      this.change(({ size: _, ...others }) => (input.value.trim() ? { ...others, size: Number(input.value) || input.value } : others));
    });
    return element("div", { class: "data-choices" }, field("Rows and columns of each image, in pixels", input));
  }

  #tableChoices() {
    const fields = CHOICES.map(({ name, label, values }) => {
      const change = () => {
        this.change(({ [name]: _, ...others }) => (select.value === values[0][0] ? others : { ...others, [name]: select.value }));
      };
      const select = choice(values, { id: `data-${name}`, onchange: change }, this.options[name]);
      return field(label, select);
    });
    return element("div", { class: "fields data-choices" }, ...fields, this.#testField());
  }

  /** Which samples are the test: a share of the rows, or a second table. */
  #testField() {
    const { test, test_share: share } = this.options;
    const change = () => {
      const { value } = select;
      const chosen = value === "" ? {} : value.includes("/") ? { test: value } : { test_share: Number(value) };
      this.change(({ test: _, test_share: __, ...others }) => ({ ...others, ...chosen }));
    };
    const select = choice(SHARES, { id: "data-test", onchange: change }, share ?? "");
    void this.#offerTables(select, test).catch(showError);
    return field("Test samples", select);
  }

  /**
   * @param {HTMLSelectElement} select
   * @param {string | undefined} chosen
   */
  async #offerTables(select, chosen) {
    const group = element("optgroup", { label: "All rows of another table" });
    const offer = (/** @type {import("./data_address.js").DataReference} */ each) => {
      const value = dataText(each);
      group.append(element("option", { value, text: dataName(each), selected: value === chosen }));
    };
    const first = typeof chosen === "string" ? readData(chosen) : null; // shown immediately, and also if it is gone
    if (first) {
      offer(first);
      select.append(group);
    }
    for (const each of await (this.#beside ??= tablesBeside(this.data))) if (dataText(each) !== chosen) offer(each);
    if (group.childElementCount) select.append(group);
  }
}

/** @param {import("./column_table.js").DataSurvey} found */
function factsText(found) {
  const { counts = {}, split, inputs, shape } = found;
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const sizes = split ? Object.entries(split).map(([part, count]) => `${grouped(count)} for ${{ train: "training", val: "validation", test: "test" }[part] ?? part}`) : [];
  const form = shape && shape.length > 1 ? ` of ${shape.join(" x ")}` : inputs ? `, ${counted(inputs, "input")} each` : "";
  return `${counted(total, found.kind === "table" ? "row" : "sample")}${form}${sizes.length ? `: ${sizes.join(", ")}` : ""}.`;
}

/** @param {import("./column_table.js").DataSurvey} found */
function findingsElement({ findings, notes, problem }) {
  const items = [
    ...findings.map(({ severity, title, text }) => ({ severity, title, text })),
    ...notes.map((text) => ({ severity: "note", title: "", text: `${capitalized(text)}.` })),
  ];
  if (!items.length && !problem) items.push({ severity: "good", title: "Nothing is wrong with these data, as far as their samples show", text: "" });
  return element("ul", { class: "live-verdicts data-findings" }, ...items.map(verdictItem));
}

/** @param {import("./column_table.js").DataSurvey} found */
function classesElement({ classes = [], more_classes: more }) {
  const most = Math.max(...classes.map(({ samples }) => samples), 1);
  const list = classes.map(({ name, samples }) => {
    const bar = element("span", { class: "class-bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * samples) / most}%`;
    return element("li", {}, element("span", { class: "class-name", text: name, title: name }), element("span", { class: "class-track" }, bar), element("span", { class: "number", text: grouped(samples) }));
  });
  const rest = more ? element("p", { class: "caption", text: `and ${grouped(more)} more` }) : null;
  return element("div", {}, element("ul", { class: "class-counts" }, ...list), rest);
}

/** @param {NonNullable<import("./column_table.js").DataSurvey["sheet"]>} sheet */
function sheetElement({ png, columns, height, width, names, classes }) {
  const url = `url("data:image/png;base64,${png}")`;
  const zoom = Math.max(1, Math.round(56 / Math.max(height, width)));
  const rows = Math.ceil(names.length / columns);
  const cells = names.map((name, i) => {
    const image = element("div", { class: "sheet-image", role: "img", "aria-label": `${name}, ${classes[i]}`, title: `${name}: ${classes[i]}` });
    Object.assign(image.style, {
      width: `${zoom * width}px`,
      height: `${zoom * height}px`,
      backgroundImage: url,
      backgroundSize: `${zoom * width * columns}px ${zoom * height * rows}px`,
      backgroundPosition: `${-zoom * width * (i % columns)}px ${-zoom * height * Math.floor(i / columns)}px`,
    });
    return element("li", {}, image, element("span", { class: "hint", text: classes[i] }));
  });
  return element("ul", { class: "sheet" }, ...cells);
}
