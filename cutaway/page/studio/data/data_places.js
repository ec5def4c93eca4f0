import { element } from "../../core/elements.js";
import { counted } from "../../core/words.js";
import { dataAddress, dataName } from "./data_address.js";
import { actionButton, showError } from "../messages.js";
import { ask, goTo, mayWrite } from "../server.js";
import { sizeText } from "../words.js";
import { uploadArea } from "./upload.js";

/**
 * Where data can be chosen.
 * @param {any} places as `api/data` says them
 */
export function placesElement(places) {
  return element("div", { class: "data-places" }, bundledElement(places.bundled), uploadElement(places.uploads), ...places.folders.map(folderElement));
}

/** @param {any[]} bundled */
function bundledElement(bundled) {
  const items = bundled.map(({ name, samples, shape, classes, provenance }) =>
    element(
      "li",
      {},
      element("a", { href: dataAddress("data", { place: "bundled", name }), text: name }),
      element("p", { class: "caption", text: `${counted(samples, "sample")} of ${shape.join(" x ")}, ${counted(classes, "class", "classes")}: ${provenance}.` }),
    ),
  );
  return element("section", { class: "place" }, element("h2", { text: "Comes with cutaway" }), element("ul", { class: "entries" }, ...items));
}

/** @param {{ name: string, bytes: number }[]} uploads */
function uploadElement(uploads) {
  const list = element("ul", { class: "entries" });
  const draw = (/** @type {{ name: string, bytes: number }[]} */ rows) =>
    list.replaceChildren(
      ...rows.map(({ name, bytes }) => {
        const remove = async () => draw((await ask(`api/uploads/${encodeURIComponent(name)}`, { method: "DELETE" })).uploads);
        const button = actionButton("Delete", remove, { "aria-label": `Delete ${name}` });
        const link = element("a", { href: dataAddress("data", { place: "upload", name }), text: name });
        return element("li", { class: "entry" }, link, element("span", { class: "hint", text: sizeText(bytes) }), mayWrite() ? button : null);
      }),
    );
  draw(uploads);
  const open = (/** @type {string} */ name) => goTo(dataAddress("data", { place: "upload", name }));
  return element("section", { class: "place", hidden: !mayWrite() && !uploads.length }, element("h2", { text: mayWrite() ? "Your files" : "Uploaded files" }), mayWrite() ? uploadArea(open) : null, list);
}

/**
 * Files next to a table that end as it does: other uploads, or files of its folder.
 * @param {import("./data_address.js").DataReference} data
 * @returns {Promise<import("./data_address.js").DataReference[]>}
 */
export async function tablesBeside(data) {
  const own = dataName(data);
  const fits = (/** @type {{ name: string, folder?: boolean }} */ { name, folder }) =>
    !folder && name !== own && name.split(".").at(-1) === own.split(".").at(-1);
  if (data.place === "upload") {
    const { uploads } = await ask("api/data");
    return uploads.filter(fits).map((/** @type {{ name: string }} */ { name }) => ({ place: "upload", name }));
  }
  if (data.place !== "folder") return [];
  const parts = (data.parts ?? []).slice(0, -1);
  const { entries } = await askFolder(data.folder, parts);
  return entries.filter(fits).map((/** @type {{ name: string }} */ { name }) => ({ ...data, parts: [...parts, name] }));
}

/**
 * @param {number | undefined} folder
 * @param {string[]} parts
 */
function askFolder(folder, parts) {
  return ask(`api/data/folder/${folder}?${new URLSearchParams(parts.map((part) => ["part", part]))}`);
}

/** @param {{ folder: number, name: string }} folder */
function folderElement({ folder, name }) {
  const breadcrumbs = element("p", { class: "breadcrumbs" });
  const list = element("ul", { class: "entries" });
  const note = element("p", { class: "caption" });
  let asked = 0;
  const show = async (/** @type {string[]} */ parts) => {
    const number = ++asked;
    const { entries, more } = await askFolder(folder, parts);
    if (number !== asked) return; // another folder was opened meanwhile
    const step = (/** @type {string} */ text, /** @type {string[]} */ to) =>
      actionButton(text, () => show(to), { class: "breadcrumb" });
    breadcrumbs.replaceChildren(step(name, []), ...parts.flatMap((part, k) => [" / ", step(part, parts.slice(0, k + 1))]));
    if (parts.length) {
      const here = dataAddress("data", { place: "folder", folder, parts });
      breadcrumbs.append(element("a", { class: "button", href: here, text: "Use this folder" }));
    }
    list.replaceChildren(
      ...entries.map((/** @type {{ name: string, folder: boolean, bytes: number }} */ entry) =>
        element(
          "li",
          { class: "entry" },
          entry.folder
            ? actionButton(`${entry.name}/`, () => show([...parts, entry.name]), { class: "breadcrumb folder" })
            : element("a", { href: dataAddress("data", { place: "folder", folder, parts: [...parts, entry.name] }), text: entry.name }),
          entry.folder ? null : element("span", { class: "hint", text: sizeText(entry.bytes) }),
        ),
      ),
    );
    note.textContent = more ? "There are more entries than are listed." : entries.length ? "" : "This folder is empty.";
  };
  void show([]).catch(showError);
  return element("section", { class: "place" }, element("h2", { text: "This machine" }), element("p", { class: "caption", text: "Files in the folders that this studio may read." }), breadcrumbs, list, note);
}
