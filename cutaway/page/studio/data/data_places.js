import { dataAddress, dataName } from "./data_address.js";
import { showError } from "../messages.js";
import { ask, goTo, mayWrite } from "../server.js";
import { fragment } from "../elements.js";
import { uploadArea } from "./upload.js";

/**
 * Show where data can be chosen.
 * @param {HTMLElement} host
 */
export async function showPlaces(host) {
  host.append(fragment((await ask(`api/data${location.search}`)).html));
  const uploads = host.querySelector("#uploads");
  if (!uploads || !mayWrite()) return;
  uploads.before(uploadArea((name) => goTo(dataAddress("data", { place: "upload", name }))));
  uploads.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement} */ (target);
    const { upload } = button.dataset;
    if (upload) void ask(`api/uploads/${upload}`, { method: "DELETE" }).then(() => button.closest("li")?.remove(), showError);
  });
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
  const { entries } = await ask(`api/data/folder/${data.folder}?${new URLSearchParams(parts.map((part) => ["part", part]))}`);
  return entries.filter(fits).map((/** @type {{ name: string }} */ { name }) => ({ ...data, parts: [...parts, name] }));
}
