// The playground: one page that trains a network in the browser and shows what happens.

import { bundleInPage } from "../core/bundle.js";
import { rampPalette } from "../core/colors.js";
import { byId as host, csvCell, element, rampLegend, saveFile, textButton } from "../core/elements.js";
import { refusedInWords, refusedList, showSettings } from "../core/fields.js";
import { followScheme, isDark, onScheme, tone } from "../core/scheme.js";
import { inNextFrame } from "../core/timing.js";
import { counted, percent } from "../core/words.js";
import { Controller, SPEEDS } from "./controller.js";
import { MAX_BYTES } from "./csv.js";
import { DATA_SETS, scoreOf } from "./data_sets.js";
import { DigitReader } from "./digit_reader.js";
import { DigitPad, digitParts, DigitsView } from "./digits.js";
import { changedInWords, FIELDS, fromAddress, isUsed, OWN_DATA, toAddress } from "./fields.js";
import { short, showHistograms, UnitView } from "./unit_view.js";
import { layerButtons, NetworkView } from "./network_view.js";
import { checkedOwn, OwnDataView, paintedAtFirst } from "./own_data.js";
import { Pages } from "./pages.js";
import { HistoryView } from "./history_view.js";
import { drawAnswer } from "./plane.js";
import { cutawayCode, kerasCode } from "./python.js";
import { TasksView } from "./tasks.js";
import { hearKeys, linkButton, playButton, speedChoice } from "./toolbar.js";
import { TsnePage } from "./tsne/tsne_page.js";

/** @typedef {import("./controller.js").State} State */
/** @typedef {import("./session.js").Settings} Settings */

/** @typedef {{ arrays: import("../core/bundle.js").ArrayRecord[], colors: { classes: string[], sequential: string[], positive: string, negative: string, grounds: { light: string, dark: string } }, tasksAt: string, start: { settings: Partial<Settings>, rows: number[][], classNames: string[], inputNames: string[], about: string } | null }} PageData */

/**
 * Whether the samples are a person's own, which no address holds.
 * @param {Settings} settings
 */
const isOwn = ({ data }) => data === "painted" || data === "file";

class Playground {
  /**
   * @param {PageData} data
   * @param {Worker} worker
   * @param {Pages} pages
   */
  constructor(data, worker, pages) {
    this.data = data;
    this.pages = pages;
    this.bundle = bundleInPage(data.arrays, "pageArray");
    const { settings, refused } = fromAddress(pages.settingsOf("network") ?? "");
    const hasOwnData = Object.hasOwn(OWN_DATA, settings.data);
    const first = hasOwnData ? { ...settings, data: "moons" } : settings;
    this.controller = new Controller(worker, first, null);
    this.store = this.controller.store;
    this.shows = { regions: true, test: true };
    this.look = this.#makeLook();
    /** Which choice of data is the last one. */
    this.choice = 0;
    this.plane = element("canvas", { class: "plane", role: "img", tabindex: "0" });
    this.reader = new DigitReader(this.controller);
    this.digits = new DigitsView(host("digits"));
    this.pad = new DigitPad(host("digitPad"));
    this.legend = element("div", { class: "hint" });
    host("plane").append(this.plane);
    host("plane").after(this.legend);
    this.network = new NetworkView(host("network"), this.controller);
    this.history = new HistoryView({ slider: host("slider"), curves: host("curves") }, { controller: this.controller, colors: data.colors.classes });
    const begin = async (/** @type {Settings} */ start, /** @type {string} */ message) => {
      scrollTo({ top: 0 }); // the tasks are below what they change
      await this.#choose(start.data, start);
      this.store.set({ message });
    };
    this.tasks = new TasksView({ tasks: host("tasks"), started: host("startedTask") }, this.controller, { begin, tasksAt: data.tasksAt });
    this.own = new OwnDataView(host("paint"), this.plane, { controller: this.controller, colors: data.colors.classes, file: host("dataFile") });
    this.unit = new UnitView(host("numbers"), this.controller);
    this.#buildBar();
    this.#buildFields();
    this.#buildTabs();
    this.draw = inNextFrame(() => this.#draw());
    this.store.watch(["frame", "selected", "row", "drawn", "settings", "parts", "isPlaying"], this.draw);
    this.store.watch(["message"], ({ message }) => (host("message").textContent = message));
    this.store.watch(["settings"], ({ settings: now }) => pages.keep("network", toAddress(now)));
    onScheme(() => {
      this.look = this.#makeLook();
      this.draw();
    });
    new ResizeObserver(this.draw).observe(host("plane"));
    addEventListener("hashchange", () => this.#readAddress());
    if (refused.length) this.store.set({ message: refusedInWords(refused) });
    if (data.start) this.#begin(data.start);
    else if (hasOwnData) void this.#choose(settings.data, settings);
  }

  /** @param {NonNullable<PageData["start"]>} start The samples and settings of a run. */
  #begin(start) {
    try {
      this.controller.change({ ...start.settings, data: "file" }, checkedOwn(start));
      this.store.set({ message: start.about });
    } catch (error) {
      this.store.set({ message: `The samples of the run cannot be shown: ${error instanceof Error ? error.message : error}.` });
    }
  }

  #buildBar() {
    const { controller, store } = this;
    const speed = speedChoice(SPEEDS, store.state.speed, (chosen) => store.set({ speed: chosen }));
    const undo = textButton("Undo", () => controller.undo());
    store.watch(["undoable"], ({ undoable }) => (undo.disabled = !undoable));
    host("bar").append(
      playButton(controller),
      speed,
      element("span", { class: "steps", role: "group", "aria-label": "Learn one step" }, ...["sample", "batch", "epoch"].map((what) => textButton(`1 ${what}`, () => controller.step(/** @type {any} */ (what))))),
      textButton("Reset", () => controller.restart()),
      undo,
      linkButton(controller, () => (isOwn(store.state.settings) ? "It holds the settings and not your samples: Save writes a file with both." : "It opens this page with the same settings.")),
      textButton("Save", () => this.#save()),
      textButton("Open", () => host("openFile").click()),
      textButton("Save picture", () => this.plane.toBlob((blob) => blob && saveFile("playground.png", blob))),
    );
    host("openFile").addEventListener("change", (event) => void this.#open(/** @type {HTMLInputElement} */ (event.target)));
    hearKeys(controller, () => this.pages.shown === "network", { b: () => controller.step("batch"), e: () => controller.step("epoch") });
  }

  #buildFields() {
    const placeOf = (/** @type {string} */ name) => host(`${FIELDS[/** @type {keyof typeof FIELDS} */ (name)].group}Fields`);
    const take = (/** @type {string} */ name, /** @type {string | number} */ given) => {
      if (name === "data") {
        void this.#choose(String(given)).then(() => this.#sayKept());
        return true;
      }
      this.controller.change({ [name]: given });
      if (name === "optimizer" && !this.store.state.message) this.store.set({ message: `The learning rate stays ${this.store.state.settings.learningRate}.` });
      return false;
    };
    showSettings(FIELDS, this.store, { prefix: "", placeOf, take, isUsed });
    host("modelFields").append(element("span", { class: "layer-change" }, ...layerButtons(this.controller)));
  }

  /**
   * @param {string} name Of a dataset, or of data of one's own.
   * @param {Partial<Settings>} [settings]
   */
  async #choose(name, settings = {}) {
    this.choice++;
    const known = DATA_SETS[name];
    if (known) return this.controller.change({ ...settings, data: name, noise: settings.noise ?? known.noise }, null);
    if (name === "painted") return this.controller.change({ ...settings, data: name }, paintedAtFirst());
    if (name === "file") {
      host("dataFile").click();
      return this.controller.store.set({ settings: { ...this.store.state.settings }, message: "Choose a CSV file, or drop one on this page: numbers, and the class in the last column." });
    }
    this.store.set({ message: "Reading the digits…" });
    const choice = this.choice;
    const arrays = await this.digitArrays();
    if (choice !== this.choice) return; // other data were chosen meanwhile
    this.controller.change({ ...settings, data: "digits" }, { parts: digitParts(arrays) });
  }

  /** Say which settings a dataset is not trained with as at first, such as after a task. */
  #sayKept() {
    const { message, settings } = this.store.state;
    const kept = changedInWords(settings);
    if (kept && !message) this.store.set({ message: `These settings stay as they were: ${kept}.` });
  }

  /** @returns {Promise<Uint8Array[]>} Images and labels for training, then for the test. */
  async digitArrays() {
    // the digits are at the end of the page
    if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    return Promise.all([0, 1, 2, 3].map((k) => this.bundle.array(k)));
  }

  #buildTabs() {
    const tabs = [...document.querySelectorAll('[role="tab"]')].map((tab) => /** @type {HTMLElement} */ (tab));
    const show = (/** @type {HTMLElement} */ chosen) => {
      for (const tab of tabs) {
        const isChosen = tab === chosen;
        tab.setAttribute("aria-selected", String(isChosen));
        tab.tabIndex = isChosen ? 0 : -1;
        host(tab.getAttribute("aria-controls") ?? "").hidden = !isChosen;
      }
      this.draw?.();
    };
    for (const [k, tab] of tabs.entries()) {
      tab.addEventListener("click", () => show(tab));
      tab.addEventListener("keydown", ({ key }) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
        if (!by) return;
        const next = tabs[(k + by + tabs.length) % tabs.length];
        show(next);
        next.focus();
      });
    }
    for (const [id, key] of /** @type {const} */ ([["showRegions", "regions"], ["showTest", "test"]])) {
      const box = /** @type {HTMLInputElement} */ (host(id));
      box.addEventListener("change", () => {
        this.shows[key] = box.checked;
        this.draw();
      });
    }
    for (const id of ["cutawayCode", "kerasCode"]) {
      host(`${id}Copy`).addEventListener("click", () => void navigator.clipboard?.writeText(host(id).textContent ?? ""));
    }
    host("saveData").addEventListener("click", () => this.#saveData());
    show(tabs[0]);
  }

  /** @returns {import("./plane.js").Look} */
  #makeLook() {
    const { colors } = this.data;
    const ground = colors.grounds[isDark() ? "dark" : "light"];
    const ramp = [colors.negative, ground, colors.positive];
    return { ...colors, isDark: isDark(), ink: tone("ink"), ground, ramp, palette: rampPalette(ramp, ground), shows: this.shows };
  }

  #draw() {
    const { state } = this.store;
    const { frame, parts, settings } = state;
    const { look } = this;
    const isDigits = settings.data === "digits";
    const reading = isDigits ? this.reader.show() : null;
    this.network.show(state, look, reading?.pictures);
    this.history.show(state);
    this.tasks.show(state);
    if (!frame) return;
    host("plane").hidden = parts.train.inputs > 2;
    host("digits").hidden = host("digitPad").hidden = !isDigits;
    host("shows").hidden = parts.train.inputs > 2;
    drawAnswer(this.plane, state, look);
    const scale = frame.drawing?.scale;
    this.legend.hidden = !scale;
    if (scale) this.legend.replaceChildren(rampLegend(look.ramp, [short(-scale.largest), `value, with a contour every ${scale.step}`, short(scale.largest)]));
    if (reading) {
      this.pad.show(this.controller, look);
      this.digits.show(reading, parts.test, look);
    }
    this.#say(state);
    if (!host("numbers").hidden) this.unit.show();
    if (!host("histograms").hidden) showHistograms(host("histograms"), state);
    if (!host("python").hidden) this.#showPython(settings, frame);
    if (!("ready" in document.documentElement.dataset)) performance.mark("ready");
    document.documentElement.dataset.ready = "";
  }

  /** @param {State} state */
  #say({ frame, parts, settings }) {
    if (!frame) return;
    const { train, test, drawing } = frame;
    const [name, write] = scoreOf(parts.train);
    const scores = `${name}: training ${write(train.score)}, test ${write(test.score)}`;
    const when = frame.scored === frame.step ? "" : ` (at step ${frame.scored})`;
    const count = drawing?.regions?.ends.length;
    const isLine = parts.train.inputs === 1;
    const fromGrid = `the ${parts.train.isRegression ? "surface" : "boundary"} comes from a grid`;
    const late = `; ${percent(drawing?.undivided ?? 0)} of the plane would take too long to divide further${isLine ? "" : `, so ${fromGrid}`}`;
    const rest = drawing?.undivided ? late : ", exact";
    const curved = isLine ? "there are no linear regions" : fromGrid;
    const isCurved = drawing && !drawing.regions && frame.isFinite;
    const regions = count ? `${counted(count, "linear region")}${rest}` : isCurved ? `${settings.activation} is curved: ${curved}` : "";
    host("scores").textContent = scores + when;
    host("regions").textContent = regions;
    this.plane.setAttribute("aria-label", `${scores}. ${regions}`);
  }

  /**
   * @param {Settings} settings
   * @param {import("./session.js").Frame} frame
   */
  #showPython(settings, frame) {
    const epochs = Math.max(1, Math.ceil(frame.epochs));
    const ours = cutawayCode(settings, epochs);
    host("cutawayCode").textContent = ours ?? "# ct.train has no weight decay for these optimizers, no squared error and one kind of first weights: see Keras.";
    host("kerasCode").textContent = kerasCode(settings, epochs);
    const changed = frame.branch > 0 || settings.dropout > 0;
    host("pythonNote").textContent = changed
      ? "These lines begin at the first step with the settings of now: changes on the way and the random numbers of dropout are not repeated."
      : "The same samples, first weights and batches: after each step the network has the same weights as here. What is printed is the mean loss of the batches of an epoch.";
  }

  #readAddress() {
    const text = this.pages.settingsOf("network");
    if (text === null) return this.controller.play(false);
    const { settings } = fromAddress(text);
    if (toAddress(settings) === toAddress(this.store.state.settings)) return;
    if (Object.hasOwn(OWN_DATA, settings.data)) void this.#choose(settings.data, settings);
    else this.controller.change(settings, null);
  }

  #save() {
    const { settings, own, frame } = this.store.state;
    const rows = settings.data === "digits" ? undefined : own?.rows;
    saveFile("playground.json", JSON.stringify({ format: "cutaway playground 1", settings, rows, classNames: own?.classNames, inputNames: own?.inputNames, step: frame?.step ?? 0 }));
  }

  /** @param {HTMLInputElement} input */
  async #open(input) {
    const [file] = input.files ?? [];
    input.value = "";
    if (!file) return;
    try {
      if (file.size > MAX_BYTES) throw new RangeError(`a file has ${MAX_BYTES / 1e6} MB at most`);
      const saved = JSON.parse(await file.text());
      if (saved?.format !== "cutaway playground 1" || !Array.isArray(saved.settings?.hidden)) throw new RangeError("it was not saved by this page");
      const { hidden, ...others } = saved.settings;
      const { settings, refused } = fromAddress(String(new URLSearchParams({ ...others, hidden: hidden.join("-") })));
      if (refused.length) throw new RangeError(`it says what cannot be: ${refusedList(refused)}`);
      if (isOwn(settings)) this.controller.change(settings, checkedOwn(saved));
      else await this.#choose(settings.data, settings);
      this.store.set({ message: `${file.name} was opened. Its training had ${counted(Number(saved.step) || 0, "step")}: press Play to repeat those without changes on the way.` });
    } catch (error) {
      this.store.set({ message: `${file.name} was not opened: ${error instanceof Error ? error.message : error}.` });
    }
  }

  #saveData() {
    const { parts } = this.store.state;
    const lines = Object.entries(parts).flatMap(([part, { x, y, inputs, isRegression, classNames }]) =>
      Array.from(y, (label, k) => {
        const values = [...x.subarray(k * inputs, (k + 1) * inputs), label];
        return [...values, isRegression ? "" : csvCell(classNames[label]), part].join(",");
      }),
    );
    const head = [...Array.from({ length: parts.train.inputs }, (_, k) => `x${k + 1}`), "y", "name", "part"].join(",");
    saveFile("playground.csv", [head, ...lines, ""].join("\n"));
  }
}

function start() {
  followScheme(host("pageScheme"));
  const data = JSON.parse(host("pageData").textContent ?? "");
  const source = new Blob([host("workerScript").textContent ?? ""], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source));
  const pages = new Pages();
  const playground = new Playground(data, worker, pages);
  Object.assign(document.body, { playground }); // for scripts of others, and for tests
  pages.whenFirst("tsne", () => {
    const digits = () => playground.digitArrays();
    Object.assign(document.body, { tsne: new TsnePage(host("tsnePage"), { pages, colors: data.colors, digits }) });
  });
}

start();
