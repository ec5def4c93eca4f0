/**
 * Data as the studio names them, without a path; see `cutaway.studio.references.DataReference`.
 * @typedef {{ place: "bundled" | "upload" | "folder", name?: string, folder?: number, parts?: string[] }} DataReference
 */

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
 * @returns {DataReference | null}
 */
export function readData(text) {
  if (!text) return null;
  const [place, ...rest] = text.split("/").map(decodeURIComponent);
  if (place === "folder" && /^\d+$/.test(rest[0] ?? "")) return { place, folder: Number(rest[0]), parts: rest.slice(1) };
  if ((place === "bundled" || place === "upload") && rest.length === 1) return { place, name: rest[0] };
  return null;
}

/** @param {DataReference} data */
export function dataName({ name, parts = [] }) {
  return name ?? parts.at(-1) ?? "";
}

/**
 * @param {string | null} text
 * @returns {Record<string, any>}
 */
export function readOptions(text) {
  try {
    const found = JSON.parse(text ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

/**
 * Data and their options in a request to the studio. A test table is one of the options in an address, and data
 * of its own for the studio.
 * @param {DataReference} data
 * @param {Record<string, any>} options
 */
export function dataBody(data, options) {
  const { test, ...others } = options;
  const table = typeof test === "string" ? readData(test) : null;
  return { data, options: others, ...(table ? { test: table } : {}) };
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
