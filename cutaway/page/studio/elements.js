import { element } from "../core/elements.js";

/**
 * A control of a form, with its label above it.
 * @param {string} label
 * @param {HTMLElement} control which has an id
 * @param {...Node} below such as a help text
 */
export function field(label, control, ...below) {
  return element("div", { class: "field" }, element("label", { for: control.id, text: label }), control, ...below);
}

/**
 * What the server has made of a template, which escapes every text; scripts in it would not run, and the policy of the
 * page admits none.
 * @param {string} html
 * @returns {DocumentFragment}
 */
export function fragment(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const made = document.createDocumentFragment();
  made.append(...parsed.body.childNodes);
  return made;
}

/**
 * What a check found, in a list; without a title or a text where these are empty.
 * @param {{ severity: string, title: string, text: string }} found
 */
export function verdictItem({ severity, title, text }) {
  return element(
    "li",
    { class: severity },
    title ? element("p", { class: "severity", text: title }) : null,
    text ? element("p", { class: "caption", text }) : null,
  );
}
