import { CurveChart } from "../../core/charts.js";
import { element, textButton } from "../../core/elements.js";
import { inNextFrame } from "../../core/timing.js";
import { capitalized, counted, grouped, percent } from "../../core/words.js";
import { LiveMap } from "./live_map.js";
import { showError } from "../messages.js";
import { ask, comparePath, goTo, listen, mayWrite, runPath } from "../server.js";
import { durationText, stateWord } from "../words.js";
import { verdictItem } from "../elements.js";

/** Milliseconds after which a training that has not stopped on request may be ended immediately. */
const PATIENCE = 8000;

/** Seconds of a first epoch that says by itself how long the others take: the compilation in it is a small part. */
const LONG = 30;

/** @typedef {{ epoch: number, loss: number, accuracy?: number, val_loss?: number, val_accuracy?: number,
 *   seconds?: number, samples_per_second?: number, [more: string]: any }} HistoryRow */

/** How a training goes: its curves, its pace, what they say, and what can be done with it. */
class LiveRun {
  /** @type {HistoryRow[]} */
  rows = [];
  /** @type {{ epoch: number, samples: number, loss: number, accuracy: number } | null} */
  between = null;
  /** @type {number | null} */
  samples = null;
  /** @type {HistoryRow[]} of the run that this one is trained like */
  before = [];
  #stopping = 0;
  /** Draw with the next frame of the screen, once, however much comes before it. */
  draw = inNextFrame(() => this.#draw());

  /** @param {any} run as `api/runs/ID` says it */
  constructor(run) {
    this.run = run;
    this.state = element("span", { class: "live-state" });
    this.pace = element("p", { class: "live-pace" });
    this.bar = element("progress", { class: "live-bar", max: 1, "aria-label": "Progress of the training" });
    this.actions = element("div", { class: "live-actions" });
    this.verdicts = element("ul", { class: "live-verdicts", "aria-live": "polite" });
    this.loss = new CurveChart("Loss", (value) => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1)));
    this.accuracy = new CurveChart("Accuracy", (value) => percent(value));
    this.map = new LiveMap(run.id);
    this.element = element(
      "section",
      { class: "live", "aria-label": "Training" },
      element("div", { class: "live-head" }, element("div", { class: "live-now" }, this.state, this.pace), this.actions),
      this.bar,
      this.verdicts,
      element("div", { class: "live-grid" }, this.loss.element, this.accuracy.element, this.map.element),
    );
  }

  /** @param {{ rows: HistoryRow[], since: number, progress: any, samples: number | null, verdict: any[] | null }} message */
  take({ rows, since, progress, samples, verdict }) {
    if (since > this.rows.length) return void this.reload().catch(showError); // something was missed
    this.rows = [...this.rows.slice(0, since), ...rows];
    this.between = progress && progress.epoch > (this.rows.at(-1)?.epoch ?? 0) ? progress : null;
    this.samples = samples ?? this.samples;
    if (verdict) this.verdicts.replaceChildren(...verdict.map(verdictItem));
    this.draw();
  }

  /** Draw the curves of the run that this one is trained like next to its own. */
  async compare() {
    if (!this.run.like) return;
    this.before = (await ask(`api/${runPath(this.run.like)}`).catch(() => ({}))).rows ?? []; // it may be deleted
    this.draw();
  }

  async reload() {
    const run = await ask(`api/${runPath(this.run.id)}`);
    this.become(run);
    if (run.rows) this.take(run);
  }

  /** @param {any} row of the list of runs */
  become(row) {
    const before = this.run.state;
    this.run = { ...this.run, ...row };
    if (this.run.state === "running" && before !== "running") this.map.start();
    if (this.run.state !== "running") this.#stopping = 0;
    if (this.run.state !== before && before === "running") this.map.ended();
    this.draw();
  }

  /** Where the training is, in epochs. */
  get #place() {
    const done = this.rows.at(-1)?.epoch ?? 0;
    return this.between && this.samples ? this.between.epoch - 1 + this.between.samples / this.samples : done;
  }

  #draw() {
    const { state } = this.run;
    this.element.dataset.state = state;
    this.element.dataset.epochs = String(this.rows.length);
    this.state.textContent = capitalized(stateWord(state));
    const planned = Math.max(this.run.planned ?? 0, this.rows.at(-1)?.epoch ?? 0, 1);
    this.bar.value = Math.min(1, this.#place / planned);
    this.bar.hidden = state !== "running";
    this.pace.textContent = this.#paceText(planned);
    const last = state === "running" ? planned : Math.ceil(this.#place); // it may have been stopped within an epoch
    this.#chart(this.loss, "loss", last);
    this.#chart(this.accuracy, "accuracy", last);
    this.#drawActions();
  }

  /**
   * @param {CurveChart} chart
   * @param {"loss" | "accuracy"} name
   * @param {number} last
   */
  #chart(chart, name, last) {
    const curve = (/** @type {string} */ key, rows = this.rows) =>
      rows.flatMap((row) => (typeof row[key] === "number" ? [/** @type {[number, number]} */ ([row.epoch, row[key]])] : []));
    const now = this.between && this.samples ? this.between[name] : undefined;
    const dot = typeof now === "number" ? /** @type {[number, number]} */ ([this.#place, now]) : null;
    /** @type {import("../../core/charts.js").Curve[]} */
    const drawn = [{ name: "training", tone: "one", points: curve(name), dot }];
    const held = curve(`val_${name}`);
    if (held.length || !this.rows.length) drawn.push({ name: "validation", tone: "two", points: held });
    const isHeldOut = this.before.some((row) => typeof row[`val_${name}`] === "number");
    const before = curve(isHeldOut ? `val_${name}` : name, this.before).filter(([epoch]) => epoch <= last);
    chart.show(before.length ? [...drawn, { name: "the run before", tone: "before", points: before }] : drawn, last);
  }

  /** @param {number} planned */
  #paceText(planned) {
    const { state, why, seconds, test } = this.run;
    const done = this.rows.at(-1)?.epoch ?? 0;
    if (state !== "running") {
      const of = `${counted(done, "epoch")}${seconds ? ` in ${durationText(seconds)}` : ""}`;
      const score = test ? `, test accuracy ${percent(test.accuracy, 2)}` : "";
      return state === "finished" ? `${of}${score}.` : `${of}. ${this.#whyText(why)}`;
    }
    const epoch = `Epoch ${Math.min(done + 1, planned)} of ${planned}`;
    const recent = this.rows.slice(-5);
    // the median: the first epoch, also after a resume, has the compilation of the step in it
    const times = recent.map((row) => row.seconds ?? 0).sort((a, b) => a - b);
    if (!recent.length) return this.between ? `${epoch}.` : `${epoch}: the step is compiled.`;
    const each = times[Math.floor((times.length - 1) / 2)];
    const rate = recent.at(-1)?.samples_per_second;
    const pace = rate ? `, ${grouped(Math.round(rate))} samples/s` : "";
    if (recent.length === 1 && each < LONG) return `${epoch}${pace}.`;
    return `${epoch}${pace}, about ${durationText(each * (planned - this.#place), 0)} left.`;
  }

  /** @param {string | null} why */
  #whyText(why) {
    if (this.run.state === "died") {
      return "Its process ended without a word, as when the machine runs out of memory. Next: resume it from its last step.";
    }
    return why ? `${capitalized(why)}${/[.!?]$/.test(why) ? "" : "."}` : "";
  }

  #drawActions() {
    const { id, state, origin } = this.run;
    const own = origin === "training";
    const name = encodeURIComponent(id);
    const button = (/** @type {string} */ text, /** @type {() => Promise<void>} */ act) =>
      textButton(text, (/** @type {Event} */ event) => {
          const pressed = /** @type {HTMLButtonElement} */ (event.currentTarget);
          pressed.disabled = true;
          act()
            .catch(showError)
            .finally(() => (pressed.disabled = false));
        });
    const link = (/** @type {string} */ text, /** @type {string} */ href) => element("a", { class: "button", href, text });
    const wanted = [];
    if (mayWrite() && state === "running") {
      const late = this.#stopping && performance.now() - this.#stopping > PATIENCE;
      wanted.push(late ? "kill" : this.#stopping ? "stopping" : "stop");
    }
    if (mayWrite() && own && ["stopped", "failed", "died"].includes(state)) wanted.push("resume");
    if (mayWrite() && own) wanted.push("like");
    if (mayWrite() && own && this.rows.length) wanted.push("branch");
    if (this.before.length && state === "finished") wanted.push("compare");
    if (this.actions.dataset.shown === wanted.join()) return; // a button that is being pressed stays
    this.actions.dataset.shown = wanted.join();
    /** @type {Record<string, () => HTMLElement>} */
    const elements = {
      stop: () => button("Stop", () => this.#stop(false)),
      stopping: () => element("span", { class: "hint", text: "It stops after this step." }),
      kill: () => button("End it immediately", () => this.#stop(true)),
      resume: () => button("Resume", () => this.#resume()),
      like: () => link("Train again with changes", `train?like=${name}`),
      compare: () => link("Compare with the run before", comparePath(id, this.run.like)),
      branch: () => link("Branch from an epoch", `train?branch=${name}`),
    };
    this.actions.replaceChildren(...wanted.map((each) => elements[each]()));
  }

  /** @param {boolean} kill */
  async #stop(kill) {
    await ask(`api/${runPath(this.run.id)}/stop`, { method: "POST", body: { kill } });
    this.#stopping ||= performance.now();
    this.draw();
    setTimeout(this.draw, PATIENCE + 100);
  }

  async #resume() {
    const job = await ask("api/trainings", { method: "POST", body: { kind: "resume", run: this.run.id } });
    goTo(`trainings/${encodeURIComponent(job.id)}`);
  }
}

/**
 * Show how the training of a run goes.
 * @param {HTMLElement} host
 * @param {any} run as `api/runs/ID` says it
 */
export function showLive(host, run) {
  const live = new LiveRun(run);
  host.append(live.element);
  live.take(run);
  void live.compare();
  if (run.state === "running") live.map.start();
  const reload = () => void live.reload().catch(showError);
  listen({
    training: (message) => {
      // rows that were read before a training ended may come after the last ones
      const late = live.run.state !== "running" && message.since + message.rows.length <= live.rows.length;
      if (message.run === run.id && !late) live.take(message);
    },
    runs: ({ changed }) => {
      const row = changed.find((/** @type {{ id: string }} */ each) => each.id === run.id);
      if (!row) return;
      // the last epochs of a training that has just ended may have come after the last look at it
      if (live.run.state === "running" && row.state !== "running") reload();
      else live.become(row);
    },
    reset: reload,
  });
  if (run.state === "running") reload(); // what happened before the stream was open
}
