import { element } from "./core/elements.js";

/**
 * Let headings of tables sort their rows, numbers by their size, the largest first, and words by the alphabet; and let
 * buttons open the rows below theirs.
 * @param {ParentNode} [root] where the tables are
 */
export function startTables(root = document) {
  for (const table of /** @type {NodeListOf<HTMLTableElement>} */ (root.querySelectorAll("table.sortable"))) {
    headings(table).forEach((heading, column) => {
      const button = element("button", { type: "button", class: "sorts" }, ...heading.childNodes);
      button.addEventListener("click", () => sortBy(table, column));
      heading.replaceChildren(button);
    });
  }
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("[data-opens-rows]"))) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const opens = button.ariaExpanded !== "true";
      button.ariaExpanded = String(opens);
      for (const row of /** @type {NodeListOf<HTMLElement>} */ (button.closest("tbody")?.querySelectorAll(".below"))) row.hidden = !opens;
    });
  }
}

/** @param {HTMLTableElement} table */
function headings(table) {
  return /** @type {HTMLTableCellElement[]} */ ([...table.querySelectorAll("thead th")]);
}

/**
 * @param {HTMLTableElement} table
 * @param {number} column
 */
function sortBy(table, column) {
  const heads = headings(table);
  const text = (/** @type {HTMLTableSectionElement} */ { rows }) => rows[0].cells[column].firstChild?.textContent?.trim() ?? "";
  // "1,024", and in the data of some "0,5"
  const number = (/** @type {HTMLTableSectionElement} */ row) =>
    Number.parseFloat(text(row).replaceAll(/,(?=\d{3}\b)/g, "").replace(",", "."));
  const rows = [...table.tBodies]; // each has one row, and those that open below it
  const numeric = heads[column].classList.contains("number");
  const [first, second] = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
  const order = heads[column].ariaSort === first ? second : first;
  const sign = order === "ascending" ? 1 : -1;
  const missing = (/** @type {HTMLTableSectionElement} */ row) => Number(text(row) === "–");
  const compare = numeric
    ? (/** @type {HTMLTableSectionElement} */ a, /** @type {HTMLTableSectionElement} */ b) => (number(a) || 0) - (number(b) || 0)
    : (/** @type {HTMLTableSectionElement} */ a, /** @type {HTMLTableSectionElement} */ b) => text(a).localeCompare(text(b), undefined, { numeric: true });
  table.append(...rows.sort((a, b) => missing(a) - missing(b) || sign * compare(a, b)));
  heads.forEach((heading, place) => {
    if (place === column) heading.ariaSort = order;
    else heading.removeAttribute("aria-sort");
  });
}
