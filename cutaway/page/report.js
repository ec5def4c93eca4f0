"use strict";

(async () => {
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("scheme");
  const isDark = () => (root.dataset.scheme ?? (prefersDark.matches ? "dark" : "light")) === "dark";

  // light-dark() is resolved only where a color is used, so a probe uses it.
  function tone(name) {
    const probe = document.body.appendChild(document.createElement("span"));
    probe.style.color = `var(--${name})`;
    const color = getComputedStyle(probe).color;
    probe.remove();
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
    for (const { all_models } of Bokeh.documents) {
      for (const model of all_models) {
        // What a figure leaves out (null) stays out.
        const shown = Object.entries(colors[model.type] ?? {}).filter(([key]) => model[key] !== null);
        model.setv(Object.fromEntries(shown));
      }
    }
    button.textContent = isDark() ? "Light page" : "Dark page";
  }

  // A finger that drags over a figure means to scroll the page; a tap means what a mouse means by pointing, and
  // BokehJS opens tooltips only for a pointer that moves.
  function welcomeFingers() {
    if (!matchMedia("(pointer: coarse)").matches) return;
    for (const { all_models } of Bokeh.documents) {
      for (const model of all_models) if (model.type === "PanTool") model.active = false;
    }
    addEventListener("click", (event) => {
      const { clientX, clientY } = event;
      // Without a view, Chromium leaves the page's scrolling out of pageX and pageY, which BokehJS reads.
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

  const items = JSON.parse(document.getElementById("figures").textContent);
  await Promise.all(items.map((item) => Bokeh.embed.embed_item(item)));
  welcomeFingers();
  recolor();
  root.dataset.ready = "";
})();
