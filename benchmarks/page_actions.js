/* What benchmarks/page.py times in a browser: the same actions on the map of the page and on a figure of BokehJS. */

const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
const decode = (text, Type) => new Type(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function clock(action) {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

async function repeat(times, action) {
  const taken = [];
  for (let k = 0; k < times; k++) taken.push(await clock(() => action(k)));
  return middle(taken);
}

/** A ring of 64 corners around a place. */
function ring(x, y, radius) {
  return Array.from({ length: 64 }, (_, k) => (k * Math.PI) / 32).map((angle) => [
    x + radius * Math.cos(angle),
    y + radius * Math.sin(angle),
  ]);
}

/** The map of the page. */
class Ours {
  constructor(host, data, painter) {
    Object.assign(this, { host, data, painter });
    this.layouts = data.layouts.map((text) => decode(text, Uint16Array));
    this.codes = decode(data.codes, Uint8Array);
  }

  async start() {
    const palette = Uint8Array.from({ length: 1024 }, (_, k) => (k % 4 === 3 ? 255 : (k * 37) % 256));
    const options = { count: this.codes.length, palette, painter: this.painter, ...this.data.style };
    this.map = new SampleMap(this.host, options);
    this.map.color(this.codes);
    this.layouts.forEach((positions, k) => this.map.transition.add(String(k), positions));
    await this.painted();
    while (!this.map.view.width) await this.painted();
  }

  /** The map paints in the next frame, before this, which was asked for later. */
  async painted() {
    await frame();
    this.map.surface.painter.finish();
  }

  async pan(k) {
    this.map.pan(k % 2 ? 9 : -9, 0);
    await this.painted();
  }

  async zoom(k) {
    this.map.zoom(k % 2 ? 1 / 1.05 : 1.05);
    await this.painted();
  }

  hover(x, y) {
    const box = this.map.top.getBoundingClientRect();
    this.map.top.dispatchEvent(new PointerEvent("pointermove", { clientX: box.x + x, clientY: box.y + y }));
  }

  /** Only what is selected, not the painting. */
  select(corners) {
    this.map.select(this.map.within(corners.flat()));
    return this.map.selection.length;
  }

  recolor(k) {
    this.map.color(this.codes.map((code) => (code + k + 1) % 10));
    return this.painted();
  }

  step(k) {
    this.map.transition.show(String((k + 1) % this.layouts.length));
    return this.painted();
  }

  async animate(milliseconds) {
    let frames = 0;
    const count = () => (frames += 1);
    this.map.transition.show("0");
    await this.painted();
    this.map.addEventListener("layout", count);
    const taken = await clock(async () => {
      this.map.transition.move("1", milliseconds);
      while (this.map.transition.a !== "1") await frame();
    });
    this.map.removeEventListener("layout", count);
    return (1000 * frames) / taken;
  }
}

/** A figure of BokehJS with one renderer a class, as plots.embedding_scatter_bokeh makes it. */
class Theirs {
  constructor(host, data) {
    Object.assign(this, { host, data });
    this.item = JSON.parse(document.getElementById("item").textContent);
  }

  async start() {
    const views = await Bokeh.embed.embed_item(this.item);
    this.view = views.roots?.[0] ?? [...views][0];
    this.renderers = this.view.model.renderers;
    const paint = this.view._actual_paint.bind(this.view);
    this.waiting = [];
    this.view._actual_paint = () => {
      paint();
      for (const done of this.waiting.splice(0)) done();
    };
    while (!this.view.is_idle) await frame();
    this.finish();
    this.views = this.renderers.map((renderer) => this.view.owner.get_one(renderer));
    this.first = this.renderers.map((renderer) => renderer.data_source.data);
  }

  finish() {
    this.view.canvas_view.primary.canvas.getContext("2d").getImageData(0, 0, 1, 1);
  }

  /** Do something, and wait until it is painted. */
  async after(action) {
    const painted = new Promise((done) => this.waiting.push(done));
    action();
    await painted;
    this.finish();
  }

  pan(k) {
    const range = this.view.model.x_range;
    const by = ((k % 2 ? -1 : 1) * (range.end - range.start)) / 100;
    return this.after(() => range.setv({ start: range.start + by, end: range.end + by }));
  }

  zoom(k) {
    const { x_range, y_range } = this.view.model;
    const factor = k % 2 ? 1.05 : 1 / 1.05;
    return this.after(() => {
      for (const range of [x_range, y_range]) {
        const [center, half] = [(range.start + range.end) / 2, ((range.end - range.start) / 2) * factor];
        range.setv({ start: center - half, end: center + half });
      }
    });
  }

  hover(x, y) {
    const element = this.view.canvas_view.events_el;
    const box = element.getBoundingClientRect();
    const place = { clientX: box.x + x, clientY: box.y + y, pointerType: "mouse", pointerId: 1, isPrimary: true };
    element.dispatchEvent(new PointerEvent("pointermove", { ...place, bubbles: true }));
  }

  select(corners) {
    const [sx, sy] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
    let found = 0;
    for (const [k, view] of this.views.entries()) {
      const { indices } = view.glyph.hit_test({ type: "poly", sx, sy, greedy: false });
      this.renderers[k].data_source.selected.indices = indices;
      found += indices.length;
    }
    return found;
  }

  async painted() {
    await this.after(() => this.view.request_paint(...this.views));
  }

  recolor(k) {
    const color = (j) => `#${((j + k + 1) * 1234567).toString(16).slice(0, 6).padStart(6, "0")}`;
    return this.after(() => this.renderers.forEach((renderer, j) => (renderer.glyph.fill_color = { value: color(j) })));
  }

  /** New positions that lie between the first ones and their mirror images. */
  move(t) {
    return this.after(() => {
      for (const [k, renderer] of this.renderers.entries()) {
        const { x, y } = this.first[k];
        renderer.data_source.data = { ...this.first[k], x: x.map((value, i) => value + t * (y[i] - value)) };
      }
    });
  }

  step(k) {
    return this.move(k % 2 ? 0 : 1);
  }

  async animate() {
    const taken = await repeat(1, (k) => this.move(0.3 * (k + 1)));
    return 1000 / taken;
  }
}

/** First paint and pan alone, for many points. */
async function timeLarge(kind, data, times) {
  const contestant = kind === "bokeh" ? new Theirs(stage, data) : new Ours(stage, data, kind);
  await frame();
  const paint = await clock(() => contestant.start());
  return { paint, pan: await repeat(times, (k) => contestant.pan(k)) };
}

/** Every action once or, where it is quick, several times; milliseconds, and frames a second of an animation. */
async function timeActions(kind, data) {
  const slow = kind === "bokeh";
  const contestant = slow ? new Theirs(stage, data) : new Ours(stage, data, kind);
  await frame();
  const taken = { paint: await clock(() => contestant.start()) };
  if (!slow) window.map = contestant.map;
  taken.pan = await repeat(slow ? 1 : 20, (k) => contestant.pan(k));
  taken.zoom = await repeat(slow ? 1 : 20, (k) => contestant.zoom(k));
  const places = Array.from({ length: 50 }, (_, k) => [150 + 12 * k, 100 + 10 * k]);
  taken.hover = await repeat(50, (k) => contestant.hover(...places[k]));
  const corners = ring(...data.lasso);
  let selected = 0;
  const lassos = [];
  const shown = [];
  for (let k = 0; k < (slow ? 1 : 7); k++) {
    const started = performance.now();
    selected = contestant.select(corners);
    lassos.push(performance.now() - started);
    await contestant.painted();
    shown.push(performance.now() - started);
  }
  Object.assign(taken, { lasso: middle(lassos), lassoPainted: middle(shown) });
  contestant.select([[-9, -9], [-8, -9], [-8, -8]]); // prettier-ignore
  await contestant.painted();
  taken.recolor = await repeat(slow ? 1 : 7, (k) => contestant.recolor(k));
  taken.step = await repeat(slow ? 1 : 9, (k) => contestant.step(k));
  taken.animate = await contestant.animate(2000);
  return { taken, selected, painter: slow ? "webgl" : contestant.map.surface.kind };
}

/** A thousand steps from epoch to epoch on the map that is there. */
async function manySteps(steps) {
  for (let k = 0; k < steps; k++) {
    map.transition.show(String(k % map.surface.layouts.size));
    await frame();
  }
}
