/**
 * Make an element. Texts are set as text, so that names from data can never become markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [given] attributes; "class", "text", and listeners such as "onclick"
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** @param {string} id of an element that is in the page */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * The head of a table.
 * @param {string[]} titles of its columns
 */
export function tableHead(titles) {
  return element("thead", {}, element("tr", {}, ...titles.map((text) => element("th", { scope: "col" }, ...breakable(text)))));
}

/**
 * A button with a text.
 * @param {string} text
 * @param {((event: Event) => void) | null} onclick
 * @param {Record<string, any>} [attributes]
 */
export function textButton(text, onclick, attributes = {}) {
  return element("button", { type: "button", text, onclick, ...attributes });
}

/**
 * A name that may go on in the next line after an underscore, and nowhere else within a word.
 * @param {string} name
 * @returns {Node[]}
 */
export function breakable(name) {
  return name.split(/(?<=_)/).flatMap((part, k) => [...(k ? [document.createElement("wbr")] : []), document.createTextNode(part)]);
}

/**
 * A control with its label before it.
 * @param {string} text
 * @param {HTMLElement} control
 */
export function labeled(text, control) {
  return element("label", {}, element("span", { text }), control);
}

/**
 * A list to choose from.
 * @param {Iterable<readonly [string | number, string]>} options the value and the text of each
 * @param {Record<string, any>} [attributes]
 * @param {string | number} [chosen] the value that is chosen at first; if there is none, the first one
 */
export function choice(options, attributes = {}, chosen) {
  const items = Array.from(options, ([value, text]) =>
    element("option", { value, text, selected: chosen !== undefined && String(value) === String(chosen) }),
  );
  return element("select", attributes, ...items);
}

/**
 * A patch of color, as in a legend.
 * @param {string} color
 */
export function swatch(color) {
  const patch = element("span", { class: "swatch", "aria-hidden": "true" });
  patch.style.background = color;
  return patch;
}

/**
 * What the colors between some mean.
 * @param {string[]} colors
 * @param {string[]} words at equal distances below them
 */
export function rampLegend(colors, words) {
  const bar = element("div", { class: "ramp", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(to right, ${colors.join(", ")})`;
  return element("div", {}, bar, element("div", { class: "ramp-ends" }, ...words.map((text) => element("span", { text }))));
}

/**
 * Let people save a file.
 * @param {string} name
 * @param {string | Blob} content
 */
export function saveFile(name, content) {
  const blob = typeof content === "string" ? new Blob([content], { type: "text/csv" }) : content;
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/**
 * A cell of a CSV file. A program for tables would calculate what begins as a formula, which may send something to other
 * machines: names that do so get an apostrophe before them.
 * @param {string | number} value
 */
export function csvCell(value) {
  const text = /^[=+\-@\t\r]/.test(String(value)) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
