import { element, textButton } from "../../core/elements.js";
import { showError } from "../messages.js";
import { uploadFile } from "./upload.js";
import { uploadFolder } from "./upload_folder.js";

/**
 * Where a file or a folder of pictures is dropped or chosen.
 * @param {string[]} endings of pictures
 * @param {(name: string) => void} uploaded called with what it is called in the studio
 */
export function uploadArea(endings, uploaded) {
  const working = element("div");
  const send = async (/** @type {Promise<string>} */ sending) => {
    area.setAttribute("aria-busy", "true");
    try {
      uploaded(await sending);
    } catch (error) {
      showError(error);
    } finally {
      area.removeAttribute("aria-busy");
      fileInput.value = folderInput.value = ""; // so that the same one can be chosen again
    }
  };
  const sendFile = (/** @type {File | undefined} */ file) => file && void send(uploadFile(working, file));
  const sendFolder = (/** @type {import("./upload_folder.js").ChosenFolder} */ chosen) => send(uploadFolder(working, chosen, endings));
  const fileInput = element("input", { type: "file", id: "upload-file", hidden: true, onchange: () => sendFile(fileInput.files?.[0]) });
  const folderInput = element("input", {
    type: "file",
    id: "upload-folder",
    hidden: true,
    webkitdirectory: true,
    onchange: () => void sendFolder(chosenFolder([...(folderInput.files ?? [])])),
  });
  const drop = async (/** @type {DataTransfer | null} */ data) => {
    const entries = [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
    const folders = entries.filter(isFolder);
    if (!folders.length) return sendFile(data?.files[0]);
    await sendFolder(await droppedFolder(folders));
  };
  const area = element(
    "div",
    {
      class: "upload-area",
      ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
      ondrop: (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        void drop(event.dataTransfer).catch(showError);
      },
    },
    element("p", { text: "Drop a table (CSV, TSV, ARFF, Parquet, Feather, Arrow), an .npz file or a folder of images here. The folder has one folder per class." }),
    element(
      "div",
      { class: "upload-buttons" },
      textButton("Choose a file", () => fileInput.click()),
      textButton("Choose a folder", () => folderInput.click()),
    ),
    fileInput,
    folderInput,
  );
  return element("div", {}, area, working);
}

/**
 * @param {File[]} files of a folder, each with its path from there on
 * @returns {import("./upload_folder.js").ChosenFolder}
 */
function chosenFolder(files) {
  const paths = files.map((file) => ({ file, path: file.webkitRelativePath.split("/") }));
  return { name: paths[0]?.path[0] ?? "", files: paths.map(({ file, path }) => ({ file, parts: path.slice(1) })) };
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
function isFolder(entry) {
  return entry.isDirectory; // Chromium keeps the names of the classes to itself
}

/**
 * One folder with everything in it; of several, which are the classes, a folder that holds them.
 * @param {FileSystemDirectoryEntry[]} folders
 * @returns {Promise<import("./upload_folder.js").ChosenFolder>}
 */
async function droppedFolder(folders) {
  const files = /** @type {import("./upload_folder.js").ChosenFolder["files"]} */ ([]);
  const walk = async (/** @type {FileSystemDirectoryEntry} */ folder, /** @type {string[]} */ way) => {
    for (const entry of await entriesOf(folder)) {
      const parts = [...way, entry.name];
      if (isFolder(entry)) await walk(entry, parts);
      else files.push({ parts, file: await new Promise((done, failed) => /** @type {FileSystemFileEntry} */ (entry).file(done, failed)) });
    }
  };
  for (const folder of folders) await walk(folder, folders.length > 1 ? [folder.name] : []);
  return { name: folders.length > 1 ? "pictures" : folders[0].name, files };
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found; // a browser gives a hundred at a time
    found.push(...some);
  }
}
