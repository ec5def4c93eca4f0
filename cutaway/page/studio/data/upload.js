import { element, textButton } from "../../core/elements.js";
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
 * Show that something is being uploaded.
 * @param {HTMLElement} host
 * @param {string} name
 */
export function uploadBox(host, name) {
  const leaving = new AbortController();
  const shown = workingBox(host, `Uploading ${name}`, { label: `Upload of ${name}`, cancel: () => leaving.abort() });
  shown.bar.value = 0;
  return { ...shown, signal: leaving.signal };
}

/**
 * Send bytes to the studio.
 * @param {string} path
 * @param {Blob} body
 * @param {{ signal: AbortSignal, onProgress: (sent: number) => void }} given what is called with the bytes that were sent
 * @returns {Promise<any>} its JSON
 */
export function sendBytes(path, body, { signal, onProgress }) {
  const request = new XMLHttpRequest(); // fetch does not report what was sent
  const abort = () => request.abort();
  return new Promise((done, failed) => {
    signal.addEventListener("abort", abort);
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    request.addEventListener("abort", () => failed(new Error("The upload was canceled.")));
    request.addEventListener("error", () => failed(new Error("The upload broke off. Next: try it again.")));
    request.addEventListener("load", () => {
      if (request.status === 200) done(JSON.parse(request.responseText));
      else failed(new Error(explained(request.responseText) || "The studio refused the upload."));
    });
    request.open("PUT", new URL(path, document.baseURI));
    request.setRequestHeader("x-cutaway", "1");
    request.send(body);
  });
}

/**
 * Send a file to the studio, with progress and a button that cancels it.
 * @param {HTMLElement} host where it is shown
 * @param {File} file
 * @returns {Promise<string>} what the file is called there
 */
export async function uploadFile(host, file) {
  await ask(`api/uploads/${encodeURIComponent(file.name)}`); // a kind of file that is refused is not sent first
  const { box, bar, signal } = uploadBox(host, file.name);
  const onProgress = (/** @type {number} */ sent) => (bar.value = file.size ? sent / file.size : 0);
  try {
    return (await sendBytes(`api/uploads/${encodeURIComponent(file.name)}`, file, { signal, onProgress })).name;
  } finally {
    box.remove();
  }
}
