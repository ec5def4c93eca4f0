import { element, textButton } from "../core/elements.js";
import { errorText } from "./words.js";

/**
 * Say something at the bottom of the page, which a person can close. What is no error goes away by itself.
 * @param {string} text
 * @param {{ kind?: "note" | "error", action?: HTMLElement | null, seconds?: number }} [given] the action, such as a
 *   button, closes it as well
 */
export function showMessage(text, { kind = "note", action = null, seconds = 12 } = {}) {
  const close = textButton("Close", () => message.remove());
  const message = element("div", { class: `studio-message ${kind}` }, element("p", { text }), action, close);
  action?.addEventListener("click", () => message.remove());
  document.getElementById("studioMessages")?.append(message);
  if (kind === "error") return;
  const leave = () => {
    if (message.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else message.remove();
  };
  setTimeout(leave, 1000 * seconds);
}

/** @param {unknown} error */
export function showError(error) {
  showMessage(errorText(error), { kind: "error" });
}

/**
 * A button for something that may fail: then the error is shown.
 * @param {string} text
 * @param {() => Promise<unknown>} act
 * @param {Record<string, any>} [attributes]
 */
export function actionButton(text, act, attributes) {
  return textButton(text, () => void act().catch(showError), attributes);
}

/**
 * Ask before something is done, in a dialog.
 * @param {{ title: string, text: string[], action: string }} question the act, what it means, and the button
 * @returns {Promise<boolean>}
 */
export function askFirst({ title, text, action }) {
  return new Promise((resolve) => {
    const no = textButton("Cancel", () => dialog.close());
    const yes = textButton(action, () => dialog.close("yes"), { class: "serious" });
    const lines = text.map((line) => element("p", { text: line }));
    const buttons = element("div", { class: "studio-buttons" }, no, yes);
    const dialog = openDialog(title, ...lines, buttons);
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

/**
 * Open a dialog; it is removed when it is closed.
 * @param {string} title
 * @param {...HTMLElement} content
 */
export function openDialog(title, ...content) {
  const heading = element("h2", { id: "studioDialogTitle", text: title });
  const dialog = element("dialog", { class: "studio-dialog", "aria-labelledby": heading.id }, heading, ...content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}
