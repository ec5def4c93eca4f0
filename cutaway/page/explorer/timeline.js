import { element, textButton } from "../core/elements.js";

/** Milliseconds from one epoch to the next while it plays. */
const STEP = 900;

/**
 * The time slider under the layers: all maps show the same epoch.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeTimeline({ store, samples }) {
  const { epochs, kept } = samples.record;
  const last = epochs.length - 1;
  if (last < 1) return null;
  const play = element("button", { type: "button", class: "play", onclick: () => toggle() });
  const back = textButton("‹", () => step(-1), { "aria-label": "Epoch before" });
  const forth = textButton("›", () => step(1), { "aria-label": "Next epoch" });
  const slider = element("input", {
    type: "range",
    min: 0,
    max: last,
    step: "any",
    "aria-label": "Epoch",
    oninput: () => store.set({ playing: false, epoch: Number(slider.value) }),
    onchange: () => store.set({ epoch: Math.round(Number(slider.value)) }),
    onkeydown: (/** @type {KeyboardEvent} */ event) => arrowKey(event),
  });
  const label = element("output", { class: "epoch" });
  const ticks = element("div", { class: "ticks", "aria-hidden": "true" });
  for (const [k, epoch] of epochs.entries()) {
    if (last > 20 && k % Math.ceil(last / 10) && k !== last) continue;
    const tick = element("span", { text: String(epoch), class: k === kept ? "kept" : null });
    tick.style.left = `${(100 * k) / last}%`;
    ticks.append(tick);
  }

  const step = (/** @type {number} */ by) => {
    const next = Math.min(last, Math.max(0, Math.round(store.state.epoch) + by));
    store.set({ playing: false, epoch: next });
  };
  const arrowKey = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  };
  const toggle = () => {
    const { playing, epoch } = store.state;
    store.set({ playing: !playing, epoch: !playing && epoch >= last ? 0 : epoch });
  };

  let frame = 0;
  let timer = 0;
  const advance = (/** @type {number} */ before) => (/** @type {number} */ now) => {
    const { playing, epoch } = store.state;
    if (!playing) return;
    // the first frame may have begun before the click
    const part = Math.min(0.2, Math.max(0, now - before) / STEP);
    const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = Math.min(last, epoch + part);
    store.set({ epoch: reduced ? Math.min(last, Math.floor(epoch) + 1) : next, playing: next < last });
    if (reduced) timer = setTimeout(() => (frame = requestAnimationFrame(advance(performance.now()))), STEP);
    else frame = requestAnimationFrame(advance(now));
  };
  store.watch(["playing"], ({ playing }) => {
    play.textContent = playing ? "Pause" : "Play";
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    if (playing) frame = requestAnimationFrame(advance(performance.now()));
  });
  store.watch(["epoch"], ({ epoch }) => {
    slider.value = String(epoch);
    const number = epochs[Math.round(epoch)];
    const words = number === 0 ? "as initialized" : Math.round(epoch) === kept ? "kept" : "";
    label.textContent = `Epoch ${number}${words ? ` (${words})` : ""}`;
    slider.setAttribute("aria-valuetext", label.textContent);
  });
  return element(
    "div",
    { class: "timeline" },
    play,
    back,
    element("div", { class: "slide" }, slider, ticks),
    forth,
    label,
  );
}
