/**
 * Data as the studio names them, without a path; see `cutaway.studio.references.DataReference`.
 * @typedef {{ place: "bundled" | "upload" | "folder", name?: string, folder?: number, parts?: string[] }} DataReference
 */

/** Options that are lists of names of columns. */
export const LISTS = ["ignore", "use", "category"];

/**
 * Data as a part of an address: "bundled/mnist", "upload/iris.csv", "folder/0/tables/iris.csv".
 * @param {DataReference} data
 */
export function dataText(data) {
  const { place, name = "", folder = 0, parts = [] } = data;
  return [place, ...(place === "folder" ? [String(folder), ...parts] : [name])].map(encodeURIComponent).join("/");
}

/**
 * @param {string | null} text
 * @returns {DataReference | null} null if it names no data
 */
export function readData(text) {
  try {
    const [place, ...rest] = (text ?? "").split("/").map(decodeURIComponent);
    if (place === "folder" && /^\d+$/.test(rest[0] ?? "")) return { place, folder: Number(rest[0]), parts: rest.slice(1) };
    if ((place === "bundled" || place === "upload") && rest.length === 1) return { place, name: rest[0] };
  } catch {} // decodeURIComponent refuses it
  return null;
}

/** @param {DataReference} data */
export function dataName({ name, parts = [] }) {
  return name ?? parts.at(-1) ?? "";
}

/**
 * @param {string | null} text
 * @returns {Record<string, any>}
 * @throws {Error} in words, if there is a value that cannot be used
 */
export function readOptions(text) {
  let found = null;
  try {
    found = JSON.parse(text || "{}");
  } catch {} // refused below
  const isRecord = found && typeof found === "object" && !Array.isArray(found);
  const wrong = isRecord ? Object.entries(found).find((option) => !isUsable(option)) : ["options", text];
  if (!wrong) return found;
  const [name, value] = wrong;
  throw new Error(`The address has a wrong value for "${name}": ${JSON.stringify(value).slice(0, 100)}. Next: choose the data again under "Data".`);
}

/** @param {[string, any]} option */
function isUsable([name, value]) {
  if (name === "test") return typeof value === "string" && readData(value) !== null;
  return !LISTS.includes(name) || (Array.isArray(value) && value.every((each) => typeof each === "string"));
}

/**
 * Data and their options in a request to the studio. A test table is one of the options in an address, and data
 * of its own for the studio.
 * @param {DataReference} data
 * @param {Record<string, any>} options
 */
export function dataBody(data, options) {
  const { test, ...others } = options;
  return { data, options: others, ...(test ? { test: readData(test) } : {}) };
}

/**
 * The address of a view of some data.
 * @param {"data" | "train"} view
 * @param {DataReference} data
 * @param {Record<string, any>} [options]
 */
export function dataAddress(view, data, options = {}) {
  const query = new URLSearchParams({ data: dataText(data) });
  if (Object.keys(options).length) query.set("options", JSON.stringify(options));
  return `${view}?${query}`;
}
