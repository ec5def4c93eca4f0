import { element, textButton } from "../../core/elements.js";
import { showError } from "../messages.js";
import { progressLine } from "../run/work.js";
import { ask, explained } from "../server.js";

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
  const line = progressLine({ title: `Uploading ${file.name}`, cancel: () => canceling.abort() });
  host.append(line.host);
  const onProgress = (/** @type {number} */ sent) => line.show({ state: "running", progress: { task: "", note: "", unit: "", done: sent, total: file.size, rate: null, left: null } });
  onProgress(0);
  try {
    return (await send(path, file, { signal: canceling.signal, onProgress })).name;
  } finally {
    line.host.remove();
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
    element("p", { text: "Drop a table (CSV, TSV, Excel, ODS, Parquet, Feather, Arrow) or an .npz file here." }),
    element("div", {}, textButton("Choose a file", () => input.click())),
    input,
  );
  return element("div", {}, area, working);
}
