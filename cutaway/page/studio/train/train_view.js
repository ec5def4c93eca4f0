import { choice, element } from "../../core/elements.js";
import { afterPause } from "../../core/timing.js";
import { counted } from "../../core/words.js";
import { dataAddress, dataBody, dataName, readData, readOptions } from "../data/data_address.js";
import { showError } from "../messages.js";
import { changedImages } from "./changed_images.js";
import { queueElement } from "./queue.js";
import { field } from "../elements.js";
import { ask, goTo, mayWrite, runPath } from "../server.js";
import { SettingField } from "./setting_fields.js";
import { surveyData } from "../data/survey.js";
import { errorText } from "../words.js";

/** Milliseconds after the last key until the input is checked. */
const PAUSE = 250;

/** Settings that are shown immediately; the others are folded. */
const FIRST = ["epochs", "learning_rate", "optimizer", "batch_size"];

/** @type {import("./setting_fields.js").SettingRecord[]} of the model, which has no schema */
const FORM = /** @type {any[]} */ ([
  {
    name: "hidden",
    kind: "text",
    help: "Units of each hidden layer, from input to output, such as 512, 512; none for softmax regression.",
  },
  { name: "dropout", kind: "number", help: "Share of hidden units that are set to zero in each step.", limits: "at least 0, below 1" },
  { name: "batch_norm", kind: "switch", help: "Normalize each hidden layer over the batch, before its activation." },
  { name: "activation", kind: "choice", help: "What a hidden unit does with its sum." },
  {
    name: "ensemble",
    kind: "whole",
    help: "Train this many models side by side, and average their logits.",
    limits: "at least 1, at most 256",
  },
]).map((each) => ({ limits: "", low: null, high: null, choices: [], auto: false, optional: false, ...each }));

/** A form for a training: of data, or like a run, or from an epoch of a run. */
class TrainForm {
  /** @type {Map<string, SettingField>} */
  fields = new Map();
  #asked = 0;

  /**
   * @param {any} form what `api/trainings/form` says
   * @param {{ data?: any, options?: any, like?: any, branch?: boolean, epoch?: number, ignore?: string[], survey?: any }} given
   */
  constructor(form, given) {
    this.form = form;
    this.given = given;
    const checkLater = afterPause(() => void this.check().catch(showError), PAUSE);
    const changed = () => {
      this.#asked++; // an answer that is on its way is to an earlier input
      delete this.element.dataset.checked;
      checkLater();
    };
    const withChoices = FORM.map((each) => (each.name === "activation" ? { ...each, choices: form.activations } : each));
    for (const record of [...(given.like ? [] : withChoices), ...form.settings]) {
      this.fields.set(record.name, new SettingField(record, changed));
    }
    const recipes = form.recipes.map((/** @type {any} */ { name, summary }) => [name, `${name}: ${summary}`]);
    this.recipe = choice(recipes, { id: "recipe", onchange: changed });
    this.name = element("input", { id: "run-name", type: "text", maxlength: 60, autocomplete: "off", oninput: changed });
    const epochs = (given.like?.epochs ?? []).map((/** @type {number} */ epoch) => [epoch, `epoch ${epoch}`]);
    this.epoch = choice(epochs, { id: "branch-epoch", onchange: changed });
    if (given.branch) this.epoch.value = String(given.epoch ?? given.like?.epochs.at(-1) ?? 0);
    /** Columns of the run's table that can be left out: a box each. */
    this.columns = (given.like?.columns ?? []).map((/** @type {string} */ name) => {
      const box = element("input", { type: "checkbox", value: name, onchange: changed });
      box.checked = Boolean(given.ignore?.includes(name));
      return box;
    });
    this.problem = element("p", { class: "field-wrong", role: "alert" });
    this.start = element("button", { type: "submit", class: "primary", text: "Start training" });
    this.element = this.#layout();
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#begin().catch(showError);
    });
  }

  #layout() {
    const of = (/** @type {string[]} */ names) => names.map((name) => this.fields.get(name)?.element ?? null);
    const settings = this.form.settings.map((/** @type {{ name: string }} */ { name }) => name);
    const rest = settings.filter((/** @type {string} */ name) => !FIRST.includes(name));
    const help = (/** @type {string} */ text) => element("p", { class: "field-help", text });
    const { like, branch } = this.given;
    return element(
      "form",
      { class: "train-form", novalidate: true },
      like
        ? null
        : element(
            "fieldset",
            {},
            element("legend", { text: "Model" }),
            element("div", { class: "fields" }, field("Recipe", this.recipe, help("What you leave empty comes from the recipe.")), ...of(FORM.map(({ name }) => name))),
          ),
      branch
        ? element("fieldset", {}, element("legend", { text: "First weights" }), field("Branch from", this.epoch, help("The weights that the run had after this epoch. The optimizer and the schedule begin from the start.")))
        : null,
      this.columns.length && !branch ? this.#columnsToLeaveOut() : null,
      element(
        "fieldset",
        {},
        element("legend", { text: "Training" }),
        element("div", { class: "fields" }, ...of(FIRST)),
        element("details", { class: "more-settings" }, element("summary", { text: `All ${settings.length} settings` }), element("div", { class: "fields" }, ...of(rest))),
      ),
      field("Name of the run", this.name, help("It becomes part of the folder's name. If it is empty, the name of the data does.")),
      this.problem,
      element("p", { class: "train-start" }, this.start, (this.words = element("span", { class: "hint" }))),
    );
  }

  /** Images can be shown as the training would see them, once it is known that the data are images. */
  offerChangedImages() {
    const augment = /** @type {SettingField} */ (this.fields.get("augment"));
    const { data, options } = this.given;
    augment.element.append(changedImages(data, options, () => augment.input.value.trim() || augment.usual));
  }

  #columnsToLeaveOut() {
    const boxes = this.columns.map((/** @type {HTMLInputElement} */ box) => element("label", { class: "column-box" }, box, ` ${box.value}`));
    const help = "The model is trained from the start without them, and its curves are drawn next to the curves of the previous run.";
    return element(
      "fieldset",
      {},
      element("legend", { text: "Leave columns out" }),
      element("div", { class: "column-boxes" }, ...boxes),
      element("p", { class: "field-help", text: help }),
    );
  }

  /** What the studio is to train. */
  get task() {
    /** @type {Record<string, any>} */
    const settings = {};
    /** @type {Record<string, any>} */
    const form = { recipe: this.recipe.value };
    for (const [name, field] of this.fields) {
      const { value } = field;
      if (value === undefined) continue;
      if (!FORM.some((each) => each.name === name)) settings[name] = value;
      else if (name !== "hidden") form[name] = value;
      else if (/^none$/i.test(String(value))) form[name] = [];
      else form[name] = String(value).split(/[ ,;]+/).filter(Boolean).map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : part));
    }
    const { like, branch, data, options = {} } = this.given;
    const name = this.name.value.trim() || null;
    const left = this.columns.filter((/** @type {HTMLInputElement} */ box) => box.checked);
    const ignore = branch ? [] : left.map((/** @type {HTMLInputElement} */ box) => box.value);
    if (like) return { kind: "like", run: like.run, settings, ignore, from_epoch: branch ? Number(this.epoch.value) : null, name };
    return { kind: "train", ...dataBody(data, options), form, settings, name };
  }

  /**
   * Ask the studio what is wrong, and which values all settings will have.
   * @returns {Promise<boolean | null>} whether nothing is wrong; null after another request meanwhile
   */
  async check() {
    const number = ++this.#asked;
    const { like, survey } = this.given;
    const samples = like ? like.samples : (survey?.counts?.train ?? null);
    const { train = 0, val = 0 } = survey?.split ?? {};
    const tested = survey?.split ? Math.max(0, samples - train - val) : 0;
    const body = { task: this.task, samples, tested, default: survey?.recipe ?? null };
    let answer;
    try {
      answer = await ask("api/trainings/check", { method: "POST", body });
    } catch (error) {
      answer = { errors: { "": errorText(error) }, settings: null };
    }
    if (number !== this.#asked) return null; // an answer to an earlier input
    const known = new Set(this.fields.keys());
    const others = Object.entries(answer.errors).filter(([name]) => !known.has(name));
    if (this.columns.length && this.columns.every((/** @type {HTMLInputElement} */ box) => box.checked)) {
      answer.errors.columns = "A model learns from at least one column. Next: leave fewer out.";
      others.push(["columns", answer.errors.columns]);
    }
    for (const [name, field] of this.fields) field.complain(answer.errors[name]);
    this.problem.textContent = others.map(([, message]) => message).join(" ");
    this.start.disabled = Object.keys(answer.errors).length > 0;
    if (this.start.disabled) {
      const folded = this.element.querySelector("details.more-settings");
      if (folded?.querySelector('[aria-invalid="true"]')) /** @type {HTMLDetailsElement} */ (folded).open = true;
    }
    if (answer.settings) this.#resolve({ ...answer.settings, ...(answer.form ?? {}) }, answer.recipe);
    this.element.dataset.checked = String(number);
    return !this.start.disabled;
  }

  /**
   * @param {Record<string, any>} resolved
   * @param {string | null} recipe the one that is trained with: of a table, "default" is another one
   */
  #resolve(resolved, recipe) {
    for (const option of this.recipe.options) {
      const name = option.value === this.recipe.value ? recipe : option.value;
      const { summary } = this.form.recipes.find((/** @type {{ name: string }} */ each) => each.name === name) ?? { summary: "" };
      option.text = `${option.value}${name && name !== option.value ? ` (${name})` : ""}: ${summary}`;
    }
    for (const [name, field] of this.fields) if (field.value === undefined) field.otherwise(resolved[name]);
    const { epochs, batch_size: batch, learning_rate: rate, optimizer } = resolved;
    if (!this.words) return;
    if (epochs === "auto" || batch === "auto") this.words.textContent = 'What "auto" becomes is known when the data have been read.';
    else this.words.textContent = `${counted(epochs, "epoch")} in batches of ${batch}, ${optimizer} with a learning rate of ${rate}.`;
  }

  async #begin() {
    let right = await this.check();
    while (right === null) right = await this.check(); // the data were read meanwhile, or something was typed
    if (!right) {
      /** @type {HTMLElement | null} */ (this.element.querySelector('[aria-invalid="true"]'))?.focus();
      return;
    }
    this.start.disabled = true;
    try {
      const job = await ask("api/trainings", { method: "POST", body: this.task });
      goTo(`trainings/${encodeURIComponent(job.id)}`);
    } finally {
      this.start.disabled = false;
    }
  }
}

/** @param {HTMLElement} host */
export async function showTrain(host) {
  const query = new URLSearchParams(location.search);
  const [from, branch] = [query.get("branch") ?? query.get("like"), query.has("branch")];
  host.append(element("h1", { text: branch ? "Branch from an epoch" : from ? "Train again" : "Train" }));
  if (!mayWrite()) {
    host.append(element("p", { class: "subtitle", text: "You may look at these runs, but not train." }));
  } else if (from) {
    await showLike(host, from, { branch, epoch: Number(query.get("epoch") ?? Number.NaN), ignore: query.getAll("ignore") });
  } else {
    await showNew(host, readData(query.get("data")), readOptions(query.get("options")));
  }
  host.append(await queueElement());
}

/**
 * @param {HTMLElement} host
 * @param {string} run
 * @param {{ branch: boolean, epoch: number, ignore: string[] }} asked
 */
async function showLike(host, run, { branch, epoch, ignore }) {
  const [like, form] = await Promise.all([ask(`api/${runPath(run)}/settings`), ask("api/trainings/form")]);
  const link = element("a", { href: runPath(run), text: run });
  const words = ` on ${like.data}: the same data, split, model (${like.model}) and settings, but for what you change here.`;
  host.append(element("p", { class: "subtitle" }, "Like ", link, words));
  if (!like.repeats) {
    const why = "This run was recorded, or its data, its weights or a function that changes images are only in Python, which can train it again.";
    host.append(element("p", { class: "field-wrong", text: why }));
    return;
  }
  const view = new TrainForm(form, { like, branch, ignore, epoch: like.epochs.includes(epoch) ? epoch : undefined });
  host.append(view.element);
  await view.check();
}

/**
 * @param {HTMLElement} host
 * @param {import("../data/data_address.js").DataReference | null} data
 * @param {Record<string, any>} options
 */
async function showNew(host, data, options) {
  const [form, places] = await Promise.all([ask("api/trainings/form"), ask("api/data")]);
  const chosen = data ?? { place: /** @type {const} */ ("bundled"), name: places.bundled[0].name };
  /** @type {[string, string][]} */
  const bundled = places.bundled.map((/** @type {any} */ { name, samples, classes }) => [dataAddress("train", { place: "bundled", name }), `${name}: ${counted(samples, "sample")}, ${counted(classes, "class", "classes")}`]);
  const isBundled = bundled.some(([address]) => address === dataAddress("train", chosen));
  const own = dataAddress("train", chosen, isBundled ? {} : options);
  if (!isBundled) bundled.push([own, dataName(chosen)]);
  const pick = choice([...bundled, ["data", "Other data ..."]], { id: "train-data", onchange: () => goTo(pick.value) }, own);
  const look = element("a", { href: dataAddress("data", chosen, options), text: "Look at the data" });
  const problem = element("p", { class: "field-wrong", role: "alert" });
  const leftOut = element("p", { class: "field-help" });
  const reading = element("div");
  host.append(element("div", { class: "field data-field" }, element("label", { for: "train-data", text: "Data" }), pick, element("p", { class: "field-help" }, look), leftOut, problem, reading));
  const view = new TrainForm(form, { data: chosen, options });
  host.append(view.element);
  await view.check();
  // what "auto" becomes depends on the data, which may take a while to read
  void surveyData(reading, chosen, options).then(
    (survey) => {
      problem.textContent = survey.problem ?? "";
      leftOut.textContent = survey.left_out ? `Columns left out: ${survey.left_out}.` : "";
      view.given = { ...view.given, survey, options: survey.guessed ? survey.options : options };
      if (survey.kind === "images") view.offerChangedImages();
      return view.check();
    },
    (error) => (problem.textContent = error.message),
  );
}
