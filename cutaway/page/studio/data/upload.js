import { element } from "../../core/elements.js";

/**
 * Send a file to the studio, with progress and a button that cancels it.
 * @param {HTMLElement} host where it is shown
 * @param {File} file
 * @returns {Promise<string>} what the file is called there
 */
export function uploadFile(host, file) {
  const request = new XMLHttpRequest(); // fetch tells nothing of what was sent
  const bar = element("progress", { class: "live-bar", max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
  const cancel = element("button", { type: "button", text: "Cancel", onclick: () => request.abort() });
  const box = element("div", { class: "working" }, element("p", { text: `Uploading ${file.name}` }), bar, cancel);
  host.append(box);
  return new Promise((done, failed) => {
    request.upload.addEventListener("progress", ({ loaded, total }) => (bar.value = total ? loaded / total : 0));
    request.addEventListener("loadend", () => box.remove());
    request.addEventListener("abort", () => failed(new Error("The upload was canceled.")));
    request.addEventListener("error", () => failed(new Error("The upload broke off. Next: try it again.")));
    request.addEventListener("load", () => {
      let said;
      try {
        said = JSON.parse(request.responseText);
      } catch {
        said = { error: request.responseText };
      }
      if (request.status === 200) done(said.name);
      else failed(new Error(said.error || "The studio refused the file."));
    });
    request.open("PUT", new URL(`api/uploads/${encodeURIComponent(file.name)}`, document.baseURI));
    request.setRequestHeader("x-cutaway", "1");
    request.send(file);
  });
}
