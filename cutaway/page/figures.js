import { onScheme, tone } from "./core/scheme.js";

/** @returns {any} BokehJS; a page without figures carries none */
function bokeh() {
  return /** @type {any} */ (globalThis).Bokeh;
}

/** @returns {any[]} */
function models() {
  return (bokeh()?.documents ?? []).flatMap((/** @type {any} */ each) => [...each.all_models]);
}

/**
 * Draw Bokeh's figures, in the colors of the page.
 * @param {any[]} items what Python's `json_item` returns
 */
export async function drawFigures(items) {
  await Promise.all(items.map((item) => bokeh().embed.embed_item(item)));
  recolorFigures();
  if (!follows) {
    onScheme(recolorFigures);
    if (matchMedia("(pointer: coarse)").matches) tapForTooltips();
  }
  follows = true;
}

/** Whether figures follow the scheme of the page already. */
let follows = false;

/** @returns {Record<string, Record<string, any>>} */
function figureColors() {
  const [ink, muted, line] = ["ink", "muted", "line"].map(tone);
  const font = getComputedStyle(document.body).fontFamily;
  const axis = {
    axis_label_text_color: muted,
    axis_label_text_font: font,
    axis_line_color: line,
    major_label_text_color: muted,
    major_label_text_font: font,
    major_tick_line_color: line,
    minor_tick_line_color: line,
  };
  return {
    LinearAxis: axis,
    LogAxis: axis,
    Grid: { grid_line_color: line },
    Legend: { label_text_color: ink, label_text_font: font, inactive_fill_color: tone("surface") },
    Title: { text_color: ink, text_font: font },
    Text: { text_color: { value: ink }, text_font: { value: font } },
    Span: { line_color: muted },
  };
}

function recolorFigures() {
  const colors = figureColors();
  const touches = matchMedia("(pointer: coarse)").matches;
  for (const model of models()) {
    if (touches && model.type === "PanTool") model.active = false; // dragging scrolls the page
    // what is switched off in a figure (null) stays off
    const shown = Object.entries(colors[model.type] ?? {}).filter(([key]) => model[key] !== null);
    model.setv(Object.fromEntries(shown));
  }
}

/** On a touch screen, a tap opens the tooltip: BokehJS opens tooltips only for a pointer that moves. */
function tapForTooltips() {
  addEventListener("click", (event) => {
    const { clientX, clientY } = event;
    // without `view`, Chromium computes pageX and pageY, which BokehJS reads, without the scroll position
    const mouse = { clientX, clientY, view: window, pointerType: "mouse", isPrimary: true };
    event.composedPath()[0].dispatchEvent(new PointerEvent("pointermove", mouse));
  });
}
