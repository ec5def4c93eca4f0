import { element } from "../core/elements.js";

/**
 * Say something at the bottom of the page, which a person can close.
 * @param {string} text
 * @param {{ kind?: "note" | "error", action?: HTMLElement | null }} [given]
 */
export function showMessage(text, { kind = "note", action = null } = {}) {
  const close = element("button", { type: "button", text: "Close", onclick: () => message.remove() });
  const message = element("div", { class: `studio-message ${kind}` }, element("p", { text }), action, close);
  document.getElementById("studioMessages")?.append(message);
}

/** @param {unknown} error */
export function showError(error) {
  showMessage(error instanceof Error ? error.message : String(error), { kind: "error" });
}
