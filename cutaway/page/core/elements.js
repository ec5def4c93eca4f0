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

/**
 * @param {number} value from 0 to 1
 * @param {number} [digits]
 */
export function percent(value, digits = 1) {
  return `${(100 * value).toFixed(digits)}%`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/**
 * Let people save a text as a file.
 * @param {string} name
 * @param {string} text
 */
export function saveText(name, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
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
