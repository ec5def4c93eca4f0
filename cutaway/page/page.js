"use strict";

(async () => {
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("pageScheme");
  // a page without figures carries no BokehJS
  const documents = () => globalThis.Bokeh?.documents ?? [];
  const isDark = () => (root.dataset.scheme ?? (prefersDark.matches ? "dark" : "light")) === "dark";

  // light-dark() is resolved only where a color is used, so a temporary element uses it.
  function tone(name) {
    const element = document.body.appendChild(document.createElement("span"));
    element.style.color = `var(--${name})`;
    const color = getComputedStyle(element).color;
    element.remove();
    return color;
  }

  function palette() {
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
      Grid: { grid_line_color: line },
      Legend: { label_text_color: ink, label_text_font: font, inactive_fill_color: tone("surface") },
      Title: { text_color: ink, text_font: font },
      Text: { text_color: { value: ink }, text_font: { value: font } },
      Span: { line_color: muted },
    };
  }

  function recolor() {
    const colors = palette();
    for (const { all_models } of documents()) {
      for (const model of all_models) {
        // What is switched off in a figure (null) stays off.
        const shown = Object.entries(colors[model.type] ?? {}).filter(([key]) => model[key] !== null);
        model.setv(Object.fromEntries(shown));
      }
    }
    button.textContent = isDark() ? "Light page" : "Dark page";
  }

  // On a touch screen, dragging over a figure scrolls the page, and a tap opens the tooltip: BokehJS opens tooltips
  // only for a pointer that moves.
  function adaptToTouch() {
    if (!matchMedia("(pointer: coarse)").matches) return;
    for (const { all_models } of documents()) {
      for (const model of all_models) if (model.type === "PanTool") model.active = false;
    }
    addEventListener("click", (event) => {
      const { clientX, clientY } = event;
      // Without `view`, Chromium computes pageX and pageY, which BokehJS reads, without the scroll position.
      const mouse = { clientX, clientY, view: window, pointerType: "mouse", isPrimary: true };
      event.composedPath()[0].dispatchEvent(new PointerEvent("pointermove", mouse));
    });
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.scheme = isDark() ? "light" : "dark";
    recolor();
  });
  prefersDark.addEventListener("change", recolor);

  let screenScheme;
  addEventListener("beforeprint", () => {
    screenScheme = root.dataset.scheme;
    root.dataset.scheme = "light";
    for (const details of document.querySelectorAll("details")) details.open = true;
    recolor();
  });
  addEventListener("afterprint", () => {
    if (screenScheme === undefined) delete root.dataset.scheme;
    else root.dataset.scheme = screenScheme;
    recolor();
  });

  const items = JSON.parse(document.getElementById("pageFigures").textContent);
  await Promise.all(items.map((item) => Bokeh.embed.embed_item(item)));
  adaptToTouch();
  recolor();
  root.dataset.ready = "";
})();
