// t-SNE in the playground: toy data whose points move while perplexity is turned, and numbers that say what the map keeps.

import { CurveChart } from "../../core/charts.js";
import { byId as host, element, swatch, textButton } from "../../core/elements.js";
import { refusedInWords, showSettings } from "../../core/fields.js";
import { isDark, onScheme, tone } from "../../core/scheme.js";
import { inNextFrame } from "../../core/timing.js";
import { grouped, percent } from "../../core/words.js";
import { mixed } from "../plane.js";
import { hearKeys, linkButton, playButton, speedChoice } from "../toolbar.js";
import { SPEEDS, TsneController } from "./controller.js";
import { EARLY_STEPS } from "./descent.js";
import { KL_STEPS } from "./experiment.js";
import { KernelChart, kernelsOf } from "./kernels_view.js";
import { measure, NEIGHBORS } from "./measures.js";
import { NumbersView } from "./numbers_view.js";
import { showQuestions } from "./questions.js";
import { Scatter } from "./scatter.js";
import { fromTsneAddress, largestPerplexity, MIN_PERPLEXITY, toTsneAddress, TSNE_FIELDS } from "./settings.js";
import { TOYS } from "./toy_data.js";

/** @typedef {import("./experiment.js").TsneSettings} TsneSettings */

/**
 * @typedef {object} Given
 * @property {import("../pages.js").Pages} pages
 * @property {{ classes: string[], sequential: string[], grounds: { light: string, dark: string } }} colors
 * @property {() => Promise<Uint8Array[]>} digits Images and labels for training first.
 */

/** Milliseconds between two drawings of the numbers and kernels while points move, and maximum number of points of the curve. */
const [NUMBERS_MILLISECONDS, CURVE_POINTS] = [150, 400];

/** Angle in degrees from above, for data in space. */
const TILT = 25;

export class TsnePage {
  #measured = 0;

  /**
   * @param {HTMLElement} page
   * @param {Given} given
   */
  constructor(page, { pages, colors, digits }) {
    this.page = page;
    this.pages = pages;
    this.colors = colors;
    const { settings, refused } = fromTsneAddress(pages.settingsOf("tsne") ?? "");
    this.controller = new TsneController(settings, digits);
    this.store = this.controller.store;
    const told = {
      point: (/** @type {number | null} */ pointed) => this.store.set({ pointed }),
      choose: (/** @type {number | null} */ k) => k !== null && this.store.set({ chosen: k }),
    };
    this.map = new Scatter(host("tsneMap"), told);
    this.original = new Scatter(host("tsneOriginal"), told);
    this.numbers = new NumbersView(host("tsneNumbers"));
    this.kernels = [new KernelChart(), new KernelChart()];
    host("tsneKernels").append(...this.kernels.map((chart) => chart.element));
    this.kl = new CurveChart("KL divergence", (value) => value.toFixed(3), "step");
    host("tsneKl").append(this.kl.element);
    showQuestions(host("tsneQuestions"), (asked, words) => {
      void this.controller.begin(asked).then((isBegun) => {
        if (!isBegun) return;
        this.controller.play(true);
        this.store.set({ message: words });
      });
      host("tsneMap").scrollIntoView({ block: "nearest" });
    });
    this.#buildBar();
    this.#buildFields();
    this.#buildPerplexity();
    this.#buildTime();
    this.draw = inNextFrame(() => this.#draw());
    this.store.watch(["experiment", "step", "settings", "pointed", "chosen", "angle", "isPlaying"], this.draw);
    this.store.watch(["message"], ({ message }) => (host("tsneMessage").textContent = message));
    this.store.watch(["settings"], (state) => pages.keep("tsne", toTsneAddress(state.settings)));
    onScheme(this.draw);
    new ResizeObserver(this.draw).observe(host("tsneMap"));
    addEventListener("hashchange", () => this.#readAddress());
    void this.controller.begin(settings, refusedInWords(refused));
  }

  #readAddress() {
    const text = this.pages.settingsOf("tsne");
    if (text === null) return this.controller.play(false);
    const { settings, refused } = fromTsneAddress(text);
    const isOther = toTsneAddress(settings) !== toTsneAddress(this.store.state.settings);
    if (isOther || refused.length) void this.controller.begin(settings, refusedInWords(refused));
  }

  #buildBar() {
    const { controller } = this;
    const speed = speedChoice(SPEEDS, controller.speed, (chosen) => (controller.speed = chosen));
    const link = linkButton(controller, () => "It opens this page with the same settings.");
    host("tsneBar").append(playButton(controller), speed, textButton("1 step", () => controller.oneStep()), textButton("Start again", () => controller.restart()), link);
    hearKeys(controller, () => this.pages.shown === "tsne", { s: () => controller.oneStep() });
  }

  #buildFields() {
    const { perplexity: _, ...fields } = TSNE_FIELDS; // it has a slider
    showSettings(fields, this.store, {
      prefix: "tsne-",
      placeOf: (name) => host(name === "learningRate" || name === "start" ? "tsneMethodFields" : "tsneDataFields"),
      take: (name, given) => this.controller.change({ [name]: given }),
      isUsed: (name, { data }) => name !== "dimensions" || Boolean(TOYS[data]?.hasDimensions),
    });
  }

  #buildPerplexity() {
    const range = element("input", { type: "range", min: MIN_PERPLEXITY, step: 1, name: "tsne-perplexity", "aria-label": "Perplexity" });
    const said = element("output", {});
    const rule = element("small", {});
    const turn = inNextFrame(() => this.controller.change({ perplexity: Number(range.value) }));
    range.addEventListener("input", turn);
    this.store.watch(["settings"], ({ settings: { perplexity, points } }) => {
      const most = largestPerplexity(points);
      range.max = String(most);
      range.value = String(perplexity);
      said.textContent = String(perplexity);
      rule.textContent = `up to ${most}, below a third of the ${points} points`;
    });
    host("tsnePerplexity").append(element("label", {}, element("span", { text: "Perplexity" }), range), said, rule);
  }

  #buildTime() {
    const range = element("input", { type: "range", min: 0, max: 0, step: 1, "aria-label": "Step of the map" });
    const said = element("output", { class: "moment" });
    range.addEventListener("input", () => this.controller.goTo(Number(range.value)));
    host("tsneTime").append(range, said);
    this.store.watch(["experiment", "step", "settings"], ({ experiment, step, settings: { perplexity } }) => {
      if (!experiment) return;
      range.max = String(experiment.last);
      range.value = String(step);
      range.disabled = experiment.last === 0;
      const then = experiment.now.perplexity;
      const phase = step < EARLY_STEPS ? ` · early exaggeration up to step ${EARLY_STEPS}` : "";
      said.textContent = `Step ${grouped(step)}${phase}${step && then !== perplexity ? ` · perplexity was ${then}` : ""}`;
      range.setAttribute("aria-valuetext", said.textContent);
    });
    const angle = element("input", { type: "range", min: 0, max: 360, step: 1, "aria-label": "Turn the points in space" });
    angle.addEventListener("input", () => this.store.set({ angle: Number(angle.value) }));
    host("tsneTurn").append(element("label", {}, element("span", { text: "Turn" }), angle));
    this.store.watch(["angle", "experiment"], ({ experiment, angle: now }) => {
      host("tsneTurn").hidden = experiment?.toy.dimensions !== 3;
      angle.value = String(Math.round(now));
    });
    const chosen = element("input", { type: "number", min: 1, step: 1, "aria-label": "Point whose kernels are shown" });
    chosen.addEventListener("change", () => {
      const number = Number(chosen.value);
      if (Number.isInteger(number) && number >= 1 && number <= this.store.state.settings.points) this.store.set({ chosen: number - 1 });
      else chosen.value = String(this.store.state.chosen + 1);
    });
    host("tsnePoint").append(element("label", {}, element("span", { text: "Point " }), chosen));
    this.store.watch(["chosen", "settings"], (state) => {
      chosen.max = String(state.settings.points);
      chosen.value = String(state.chosen + 1);
    });
  }

  #draw() {
    const { experiment, settings, pointed, chosen, angle, isPlaying } = this.store.state;
    if (!experiment || this.page.hidden) return;
    const { toy, data, components, conditional, now } = experiment;
    const dark = isDark();
    const [ink, ground] = [tone("ink"), dark ? this.colors.grounds.dark : this.colors.grounds.light];
    const colors = this.#colorsOf(toy);
    const point = pointed ?? chosen;
    const neighbors = data.nearest.subarray(point * NEIGHBORS, (point + 1) * NEIGHBORS);
    const scene = { colors, point, neighbors, ink, ground };
    this.map.show({ ...scene, xy: now.xy, hasScale: true });
    this.original.show({ ...scene, xy: projected(toy, components.scores, angle), hasScale: toy.dimensions <= 2 });
    this.#say(toy, settings, components.shares);
    const time = performance.now();
    if (isPlaying && time - this.#measured < NUMBERS_MILLISECONDS) return;
    this.#measured = time;
    const n = colors.length;
    this.#showNumbers(experiment, n);
    const kernels = kernelsOf({
      ...{ beta: conditional.betas[point], neighbors },
      inData: data.squared.subarray(point * n, (point + 1) * n).map(Math.sqrt),
      inMap: Float64Array.from({ length: n }, (_, k) => Math.hypot(now.xy[2 * k] - now.xy[2 * point], now.xy[2 * k + 1] - now.xy[2 * point + 1])),
    });
    kernels.forEach((kernel, k) => this.kernels[k].show(kernel, { point, near: new Set(neighbors), colors }));
  }

  /**
   * @param {import("./experiment.js").Experiment} experiment
   * @param {number} n
   */
  #showNumbers(experiment, n) {
    const { toy, data, now, last, step, divergences } = experiment;
    const measures = measure(data, now.xy);
    this.numbers.show(measures, toy.groupNames);
    const dot = divergences[Math.floor(step / KL_STEPS)];
    const every = Math.ceil(divergences.length / CURVE_POINTS);
    const points = divergences.filter((_, k) => k % every === 0 || k === divergences.length - 1);
    this.kl.show([{ name: "KL", tone: "one", points, dot }], last);
    this.map.canvas.setAttribute("aria-label", `Map of ${n} points at step ${step}: ${percent(measures.kept, 0)} of the 10 nearest neighbors are kept, KL divergence ${dot[1].toFixed(3)}`);
  }

  /**
   * @param {import("./toy_data.js").Toy} toy
   * @param {TsneSettings} settings
   * @param {[number, number]} shares
   */
  #say(toy, settings, shares) {
    const about = TOYS[settings.data]?.about ?? "Images of 28 x 28 pixels, drawn at random from 10,000.";
    const seen = toy.dimensions > 3 ? ` Drawn: the first two of ${toy.dimensions} principal components, with ${percent(shares[0] + shares[1], 0)} of the variance.` : "";
    host("tsneAbout").textContent = about + seen;
    this.original.canvas.setAttribute("aria-label", `The data. ${about}${seen}`);
    const legend = host("tsneLegend");
    const listed = toy.groupNames.join();
    if (legend.dataset.listed === listed) return;
    legend.dataset.listed = listed;
    legend.replaceChildren(...toy.groupNames.map((name, k) => element("li", {}, swatch(this.colors.classes[k]), name)));
  }

  /**
   * @param {import("./toy_data.js").Toy} toy
   * @returns {string[]} A color for each point: of its group, or of where it lies.
   */
  #colorsOf({ labels, tones }) {
    const { classes, sequential } = this.colors;
    if (!tones.length) return Array.from(labels, (label) => classes[label % classes.length]);
    return Array.from(tones, (value) => mixed(sequential, value));
  }
}

/**
 * The data as they are drawn: as they are in the plane, turned in space, and beyond that their first two principal components.
 * @param {import("./toy_data.js").Toy} toy
 * @param {Float64Array} scores
 * @param {number} angle In degrees.
 */
function projected({ x, dimensions }, scores, angle) {
  if (dimensions === 2) return x;
  if (dimensions > 3) return scores;
  const [turn, tilt] = [angle, TILT].map((degrees) => (degrees * Math.PI) / 180);
  const xy = new Float64Array((2 * x.length) / 3);
  for (let k = 0; k < x.length / 3; k++) {
    const [a, b, c] = x.subarray(3 * k, 3 * k + 3);
    xy[2 * k] = a * Math.cos(turn) - b * Math.sin(turn);
    xy[2 * k + 1] = c * Math.cos(tilt) + (a * Math.sin(turn) + b * Math.cos(turn)) * Math.sin(tilt);
  }
  return xy;
}
