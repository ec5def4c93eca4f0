import { element, textButton } from "../../core/elements.js";
import { showError } from "../messages.js";
import { ask, explained } from "../server.js";

/**
 * Show that something goes on: words, how far it is, and a button that cancels it.
 * @param {HTMLElement} host where it is shown
 * @param {string} text
 * @param {{ label?: string, cancel: () => void }} options label: of the bar; the text if there is none
 */
export function workingBox(host, text, { label = text, cancel }) {
  const words = element("p", { text });
  const bar = element("progress", { class: "live-bar", max: 1, "aria-label": label });
  const box = element("div", { class: "working" }, words, bar, textButton("Cancel", cancel));
  host.append(box);
  return { box, words, bar };
}

/**
 * @param {string} path
 * @param {File} file
 * @param {{ signal: AbortSignal, onProgress: (sent: number) => void }} given `onProgress` gets the number of bytes that were sent
 * @returns {Promise<any>} its JSON
 */
function send(path, file, { signal, onProgress }) {
  const request = new XMLHttpRequest(); // fetch does not report the bytes sent
  return new Promise((done, failed) => {
    signal.addEventListener("abort", () => request.abort());
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("abort", () => failed(new Error("The upload was canceled.")));
    request.addEventListener("error", () => failed(new Error("The upload broke off. Next: try it again.")));
    request.addEventListener("load", () => {
      if (request.status === 200) done(JSON.parse(request.responseText));
      else failed(new Error(explained(request.responseText) || "The studio refused the upload."));
    });
    request.open("PUT", new URL(path, document.baseURI));
    request.setRequestHeader("x-cutaway", "1");
    request.send(file);
  });
}

/**
 * Send a file to the studio, with progress and a button that cancels it.
 * @param {HTMLElement} host where it is shown
 * @param {File} file
 * @returns {Promise<string>} what the file is called there
 */
async function uploadFile(host, file) {
  const path = `api/uploads/${encodeURIComponent(file.name)}`;
  await ask(path); // a kind of file that is refused is not sent first
  const canceling = new AbortController();
  const { box, bar } = workingBox(host, `Uploading ${file.name}`, { label: `Upload of ${file.name}`, cancel: () => canceling.abort() });
  bar.value = 0;
  const onProgress = (/** @type {number} */ sent) => (bar.value = file.size ? sent / file.size : 0);
  try {
    return (await send(path, file, { signal: canceling.signal, onProgress })).name;
  } finally {
    box.remove();
  }
}

/**
 * Where a file is dropped or chosen.
 * @param {(name: string) => void} uploaded called with its name in the studio
 */
export function uploadArea(uploaded) {
  const working = element("div");
  const send = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    area.setAttribute("aria-busy", "true");
    try {
      uploaded(await uploadFile(working, file));
    } catch (error) {
      showError(error);
    } finally {
      area.removeAttribute("aria-busy");
      input.value = ""; // so that the same one can be chosen again
    }
  };
  const input = element("input", { type: "file", id: "upload-file", hidden: true, onchange: () => void send(input.files?.[0]) });
  const area = element(
    "div",
    {
      class: "upload-area",
      ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
      ondrop: (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        void send(event.dataTransfer?.files[0]);
      },
    },
    element("p", { text: "Drop a table (CSV, TSV, Parquet, Feather, Arrow) or an .npz file here." }),
    element("div", {}, textButton("Choose a file", () => input.click())),
    input,
  );
  return element("div", {}, area, working);
}
