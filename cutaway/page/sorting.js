import { element } from "./core/elements.js";

/**
 * Let headings of tables sort their rows: numbers by their size, the largest first, and words by the alphabet.
 * @param {ParentNode} [root] where the tables are
 */
export function sortTables(root = document) {
  for (const table of /** @type {NodeListOf<HTMLTableElement>} */ (root.querySelectorAll("table.sortable"))) {
    headings(table).forEach((heading, column) => {
      const button = element("button", { type: "button", class: "sorts", text: heading.textContent?.trim() ?? "" });
      button.addEventListener("click", () => sortBy(table, column));
      heading.replaceChildren(button);
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
  const text = (/** @type {HTMLTableRowElement} */ row) => row.cells[column].firstChild?.textContent?.trim() ?? "";
  // "1,024", and in the data of some "0,5"
  const number = (/** @type {HTMLTableRowElement} */ row) =>
    Number.parseFloat(text(row).replaceAll(/,(?=\d{3}\b)/g, "").replace(",", "."));
  const rows = [...table.tBodies[0].rows];
  const numeric = heads[column].classList.contains("number");
  const [first, second] = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
  const order = heads[column].ariaSort === first ? second : first;
  const sign = order === "ascending" ? 1 : -1;
  const missing = (/** @type {HTMLTableRowElement} */ row) => Number(text(row) === "–");
  const compare = numeric
    ? (/** @type {HTMLTableRowElement} */ a, /** @type {HTMLTableRowElement} */ b) => (number(a) || 0) - (number(b) || 0)
    : (/** @type {HTMLTableRowElement} */ a, /** @type {HTMLTableRowElement} */ b) => text(a).localeCompare(text(b), undefined, { numeric: true });
  table.tBodies[0].append(...rows.sort((a, b) => missing(a) - missing(b) || sign * compare(a, b)));
  heads.forEach((heading, place) => {
    if (place === column) heading.ariaSort = order;
    else heading.removeAttribute("aria-sort");
  });
}
