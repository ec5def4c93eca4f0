import { element } from "../../core/elements.js";
import { afterPause } from "../../core/timing.js";
import { counted } from "../../core/words.js";
import { dataAddress, dataBody, dataName, readData, readOptions } from "../data/data_address.js";
import { showError } from "../messages.js";
import { changedImages } from "./changed_images.js";
import { queueElement } from "./queue.js";
import { fragment } from "../elements.js";
import { ask, goTo } from "../server.js";
import { surveyData } from "../data/survey.js";
import { errorText } from "../words.js";

/** Milliseconds after the last key until the input is checked. */
const PAUSE = 250;

/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

/**
 * What a person gave in a field: undefined for nothing, null for none; text that is no number stays text, which the
 * studio refuses in words.
 * @param {Control} field
 */
function valueOf({ value, name, dataset: { kind, optional } }) {
  const text = value.trim();
  if (text === "") return undefined;
  if (optional && text === "none") return null;
  if (kind === "switch") return text === "on";
  if (name === "class_weight") return weightsOf(text);
  if (name === "hidden") return /^none$/i.test(text) ? [] : text.split(/[ ,;]+/).filter(Boolean).map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : part));
  return (kind === "whole" || kind === "number") && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * "balanced", or weights such as "0=2, 3=0.5".
 * @param {string} text
 * @returns {string | Record<string, number>}
 */
function weightsOf(text) {
  const pairs = text.split(",").map((part) => part.split("=").map((each) => each.trim()));
  if (text === "balanced" || !pairs.every(([number, weight]) => /^\d+$/.test(number) && weight && Number.isFinite(Number(weight)))) return text;
  return Object.fromEntries(pairs.map(([number, weight]) => [number, Number(weight)]));
}

/**
 * Say in a field what it is if it stays empty.
 * @param {Control} field
 * @param {any} value
 */
function showDefault(field, value) {
  const text = typeof value === "boolean" ? (value ? "on" : "off") : Array.isArray(value) ? value.join(", ") : String(value ?? "");
  field.dataset.default = text;
  if (field instanceof HTMLInputElement) return void (field.placeholder = text || (field.dataset.optional ? "none" : ""));
  field.options[0].text = text ? `${text} (default)` : "";
  for (const option of field.options) option.hidden = option.value !== "" && option.value === text;
}

/** The form for a training, which the server makes: of data, or like a run, or from an epoch of a run. */
class TrainForm {
  #asked = 0;
  #isStarting = false;
  #meant = "default";
  /** Why nothing can be trained on the data, or "". */
  obstacle = "";

  /**
   * @param {HTMLFormElement} form
   * @param {{ run?: string, columns?: string[], data?: any, options?: any, survey?: import("../data/survey.js").DataSurvey }} given
   */
  constructor(form, given) {
    this.form = form;
    this.given = given;
    this.fields = /** @type {Control[]} */ ([...form.querySelectorAll("[data-kind]")]);
    this.boxes = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("[name='ignore']")]);
    this.recipe = /** @type {HTMLSelectElement | null} */ (form.querySelector("#recipe"));
    this.epoch = /** @type {HTMLSelectElement | null} */ (form.querySelector("#branch-epoch"));
    this.start = /** @type {HTMLButtonElement} */ (form.querySelector("[type='submit']"));
    const checkLater = afterPause(() => void this.check().catch(showError), PAUSE);
    form.addEventListener("input", () => {
      this.#asked++; // an answer that is on its way is to an earlier input
      delete form.dataset.checked;
      checkLater();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isStarting) return;
      this.#isStarting = true; // until the page is left: a second submit would queue a second training
      void this.#begin().catch(showError).then((leaves) => (this.#isStarting = leaves === true));
    });
    addEventListener("pageshow", () => (this.#isStarting = false)); // a browser may come back to the page as it was
  }

  /** Images can be shown as the training would see them, once it is known that the data are images. */
  offerChangedImages() {
    const augment = /** @type {HTMLInputElement} */ (this.form.querySelector("#setting-augment"));
    const { data, options } = this.given;
    augment.closest(".field")?.append(changedImages(data, options, () => augment.value.trim() || (augment.dataset.default ?? "")));
  }

  /** What the studio is to train. */
  get task() {
    /** @type {Record<string, any>} */
    const settings = {};
    /** @type {Record<string, any>} */
    const form = { recipe: this.recipe?.value };
    for (const field of this.fields) (field.dataset.of === "form" ? form : settings)[field.name] = valueOf(field);
    const { run, columns = [], data, options = {} } = this.given;
    const name = /** @type {HTMLInputElement} */ (this.form.querySelector("#run-name")).value.trim() || null;
    if (!run) return { kind: "train", ...dataBody(data, options), form, settings, name };
    const ignore = this.boxes.filter(({ checked }) => checked).map(({ dataset }) => columns[Number(dataset.number)]);
    return { kind: "like", run, settings, ignore, from_epoch: this.epoch ? Number(this.epoch.value) : null, name };
  }

  /**
   * Ask the studio what is wrong, and which values all settings will have.
   * @returns {Promise<boolean | null>} whether nothing is wrong; null after another request meanwhile
   */
  async check() {
    const number = ++this.#asked;
    const { survey } = this.given;
    const samples = Number(this.form.dataset.samples) || survey?.counts?.train || null;
    const { train = 0, val = 0 } = survey?.split ?? {};
    const tested = survey?.split && samples ? Math.max(0, samples - train - val) : 0;
    const body = { task: this.task, samples, tested, default: survey?.recipe ?? null };
    let answer;
    try {
      answer = await ask("api/trainings/check", { method: "POST", body });
    } catch (error) {
      answer = { errors: { "": errorText(error) }, settings: null };
    }
    if (number !== this.#asked) return null; // an answer to an earlier input
    const { errors } = answer;
    if (this.boxes.length && this.boxes.every(({ checked }) => checked)) errors.columns = "A model learns from at least one column. Next: leave fewer out.";
    this.start.disabled = this.obstacle !== "" || Object.keys(errors).length > 0;
    for (const field of this.fields) {
      const { [field.name]: wrong = "" } = errors;
      delete errors[field.name];
      /** @type {HTMLElement} */ (this.form.querySelector(`#${field.id}-wrong`)).textContent = wrong;
      field.setAttribute("aria-invalid", String(Boolean(wrong)));
      const folded = field.closest("details");
      if (wrong && folded) folded.open = true;
    }
    /** @type {HTMLElement} */ (this.form.querySelector(":scope > .field-wrong")).textContent = Object.values(errors).filter((each) => each !== this.obstacle).join(" ");
    if (answer.settings) this.#resolve({ ...answer.settings, ...(answer.form ?? {}) }, answer.recipe);
    this.form.dataset.checked = String(number);
    return !this.start.disabled;
  }

  /**
   * @param {Record<string, any>} resolved
   * @param {string | null} recipe the one that is trained with: of a table, "default" is another one
   */
  #resolve(resolved, recipe) {
    const recipes = [...(this.recipe?.options ?? [])];
    if (recipe && this.recipe?.value === "default") this.#meant = recipe;
    for (const option of recipes) {
      const name = option.value === "default" ? this.#meant : option.value;
      const summary = recipes.find(({ value }) => value === name)?.dataset.summary ?? "";
      option.text = `${option.value}${name === option.value ? "" : ` (${name})`}: ${summary}`;
      option.hidden = option.value !== "default" && name === this.#meant; // "default" is listed as it
    }
    for (const field of this.fields) if (valueOf(field) === undefined) showDefault(field, resolved[field.name]);
    const { epochs, batch_size: batch, learning_rate: rate, optimizer } = resolved;
    const words = `${counted(epochs, "epoch")} in batches of ${batch}, ${optimizer} with a learning rate of ${rate}.`;
    /** @type {HTMLElement} */ (this.form.querySelector(".train-start .hint")).textContent =
      epochs === "auto" || batch === "auto" ? 'What "auto" becomes is known when the data have been read.' : words;
  }

  /** @returns {Promise<boolean>} whether the training was started and the page is left */
  async #begin() {
    let right = await this.check();
    while (right === null) right = await this.check(); // the data were read meanwhile, or something was typed
    if (right) goTo(`trainings/${encodeURIComponent((await ask("api/trainings", { method: "POST", body: this.task })).id)}`);
    else /** @type {HTMLElement | null} */ (this.form.querySelector('[aria-invalid="true"]'))?.focus();
    return right;
  }
}

/** @param {HTMLElement} host */
export async function showTrain(host) {
  const query = new URLSearchParams(location.search);
  const run = query.get("branch") ?? query.get("like") ?? undefined;
  const named = query.get("data");
  const [data, options] = [readData(named), readOptions(query.get("options"))];
  if (named && !data) throw new Error('The address names no data. Next: choose them under "Data".');
  const { html, columns } = await ask(`api/trainings/form?${query}`);
  host.append(fragment(html));
  const form = host.querySelector("form");
  if (form) {
    const view = new TrainForm(form, { run, columns });
    const reading = run ? null : chooseData(view, data, options);
    await view.check();
    void reading?.().catch(showError);
  }
  host.append(await queueElement());
}

/**
 * Train on the data in the address, or the first that come with cutaway.
 * @param {TrainForm} view
 * @param {import("../data/data_address.js").DataReference | null} named
 * @param {Record<string, any>} options
 * @returns {() => Promise<void>} reads the data, which may take a while: what "auto" becomes depends on them
 */
function chooseData(view, named, options) {
  const [choice, look, leftOut, unusable, reading] = ["data", "look", "left-out", "unusable", "reading"].map((name) => /** @type {HTMLElement} */ (document.getElementById(`train-${name}`)));
  const select = /** @type {HTMLSelectElement} */ (choice);
  const first = new URLSearchParams(select.value.split("?")[1]);
  const data = /** @type {import("../data/data_address.js").DataReference} */ (named ?? readData(first.get("data")));
  select.value = dataAddress("train", data);
  if (!select.value) {
    const own = element("option", { value: dataAddress("train", data, options), text: dataName(data), selected: true });
    select.options[select.options.length - 1].before(own);
  }
  select.addEventListener("change", () => goTo(select.value));
  look.setAttribute("href", dataAddress("data", data, options));
  view.given = { ...view.given, data, options };
  return async () => {
    try {
      const survey = await surveyData(reading, data, options);
      view.obstacle = survey.problem ?? "";
      leftOut.textContent = survey.left_out ? `Columns left out: ${survey.left_out}.` : "";
      view.given = { ...view.given, survey, options: survey.guessed ? survey.options : options };
      if (survey.kind === "images") view.offerChangedImages();
    } catch (error) {
      view.obstacle = errorText(error);
    }
    unusable.textContent = view.obstacle;
    await view.check();
  };
}
