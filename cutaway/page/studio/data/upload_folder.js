import { counted, grouped } from "../../core/words.js";
import { ask } from "../server.js";
import { sizeText } from "../words.js";
import { sendBytes, uploadBox } from "./upload.js";

/**
 * A folder that was chosen or dropped: its name, and its files with the names that lead to each.
 * @typedef {{ name: string, files: { parts: string[], file: File }[] }} ChosenFolder
 */

/** Of one request; a larger picture comes alone. */
const BATCH_BYTES = 32 * 2 ** 20;
const BATCH_FILES = 500;

/**
 * Send a folder of pictures to the studio, with progress and a button that cancels it. Hidden files and what is no
 * picture are left out.
 * @param {HTMLElement} host where it is shown
 * @param {ChosenFolder} chosen
 * @param {string[]} endings of pictures
 * @returns {Promise<string>} what the folder is called there
 */
export async function uploadFolder(host, { name, files }, endings) {
  const seen = files.filter(({ parts }) => !parts.some((part) => part.startsWith(".")));
  const pictures = seen.filter(({ file }) => endings.some((ending) => file.name.toLowerCase().endsWith(ending)));
  if (!pictures.length) {
    throw new Error(`A folder of images holds some; got ${counted(seen.length, "other file")}. Next: choose a folder of images, or a table as a file.`);
  }
  const folders = [...new Map(pictures.map(({ parts }) => [folderKey(parts), parts.slice(0, -1)])).values()];
  const numbers = new Map(folders.map((parts, number) => [parts.join("/"), number]));
  const bytes = pictures.reduce((sum, { file }) => sum + file.size, 0);
  const { box, words, bar, signal } = uploadBox(host, name);
  const others = seen.length - pictures.length;
  const leftOut = others ? ` ${counted(others, "file that is not an image is", "files that are not images are")} left out.` : "";
  const begun = performance.now();
  let sent = 0;
  let count = 0;
  const onProgress = (/** @type {number} */ now) => {
    const rate = (1000 * (sent + now)) / Math.max(1, performance.now() - begun);
    bar.value = (sent + now) / Math.max(1, bytes);
    words.textContent = `Uploading ${name}: ${grouped(count)} of ${counted(pictures.length, "image")}, ${sizeText(rate)}/s.${leftOut}`;
  };
  let remove = () => {};
  try {
    const { key } = await ask("api/uploads", { method: "POST", body: { name, folders, files: pictures.length, bytes } });
    remove = () => void ask(`api/uploads/${key}/files`, { method: "DELETE", keepalive: true }).catch(() => {});
    addEventListener("pagehide", remove);
    for (const batch of batches(pictures)) {
      if (signal.aborted) throw new Error("The upload was canceled.");
      onProgress(0);
      const rows = batch.map(({ parts, file }) => [numbers.get(folderKey(parts)), file.name, file.size]);
      const body = new Blob([`${JSON.stringify(rows)}\n`, ...batch.map(({ file }) => file)]);
      await sendBytes(`api/uploads/${key}/files`, body, { signal, onProgress });
      count += batch.length;
      sent += batch.reduce((sum, { file }) => sum + file.size, 0);
    }
    onProgress(0);
    const { name: stored } = await ask(`api/uploads/${key}/finish`, { method: "POST" });
    removeEventListener("pagehide", remove);
    return stored;
  } catch (error) {
    removeEventListener("pagehide", remove);
    remove();
    throw error;
  } finally {
    box.remove();
  }
}

/**
 * The folder of a file; no name has a slash.
 * @param {string[]} parts
 */
function folderKey(parts) {
  return parts.slice(0, -1).join("/");
}

/**
 * @param {ChosenFolder["files"]} pictures
 * @returns {Generator<ChosenFolder["files"]>}
 */
function* batches(pictures) {
  let batch = /** @type {ChosenFolder["files"]} */ ([]);
  let bytes = 0;
  for (const each of pictures) {
    if (batch.length === BATCH_FILES || (batch.length && bytes + each.file.size > BATCH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(each);
    bytes += each.file.size;
  }
  if (batch.length) yield batch;
}
