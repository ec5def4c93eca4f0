import { element, textButton } from "../../core/elements.js";
import { showError } from "../messages.js";
import { uploadFile } from "./upload.js";

/**
 * Where a file is dropped or chosen.
 * @param {(name: string) => void} uploaded called with what it is called in the studio
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
