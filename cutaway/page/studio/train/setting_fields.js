import { choice, element } from "../../core/elements.js";
import { capitalized } from "../../core/words.js";
import { field } from "../elements.js";

/**
 * A setting, as its schema describes it; see `cutaway.studio.trainings.checking`.
 * @typedef {{ name: string, kind: "whole" | "number" | "choice" | "switch" | "text", help: string, limits: string,
 *   low: number | null, high: number | null, choices: string[], auto: boolean, optional: boolean }} SettingRecord
 */

/** How a value is written in a field. */
function settingText(/** @type {any} */ value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** A setting that a person may give: its field, its default, and its error. */
export class SettingField {
  /** Its default, as text. */
  usual = "";

  /**
   * @param {SettingRecord} record
   * @param {() => void} changed
   */
  constructor(record, changed) {
    this.record = record;
    const { name, kind, choices, limits, help } = record;
    const id = `setting-${name}`;
    const described = `${id}-help ${id}-wrong`;
    const given = { id, name, "aria-describedby": described, autocomplete: "off", spellcheck: "false" };
    this.input =
      kind === "choice" || kind === "switch"
        ? choice(["", ...(kind === "switch" ? ["on", "off"] : choices)].map((value) => [value, value]), given)
        : element("input", { ...given, type: "text", inputmode: kind === "whole" ? "numeric" : kind === "number" ? "decimal" : "text" });
    this.input.addEventListener("input", changed);
    this.wrong = element("p", { class: "field-wrong", id: `${id}-wrong` });
    const words = [help, limits ? `${capitalized(limits)}.` : ""].filter(Boolean).join(" ");
    const about = element("p", { class: "field-help", id: `${id}-help`, text: words });
    this.element = field(capitalized(name.replaceAll("_", " ")), this.input, about, this.wrong);
  }

  /** What a person gave: undefined for nothing, null for none; text that is no number stays text, which the studio refuses in words. */
  get value() {
    const text = this.input.value.trim();
    if (text === "") return undefined;
    const { kind, auto, name, optional } = this.record;
    if (optional && text === "none") return null;
    if (kind === "switch") return text === "on";
    if (kind === "choice" || (auto && text === "auto") || kind === "text") return name === "class_weight" ? weightsOf(text) : text;
    const number = Number(text);
    return Number.isFinite(number) ? number : text;
  }

  /** @param {any} value undefined or null for nothing */
  set value(value) {
    this.input.value = settingText(value);
  }

  /** @param {any} value its default */
  otherwise(value) {
    const text = (this.usual = settingText(value));
    if (this.input instanceof HTMLInputElement) this.input.placeholder = text || (this.record.optional ? "none" : "");
    else this.input.options[0].textContent = text ? `${text} (default)` : "";
  }

  /** @param {string | undefined} message */
  complain(message) {
    this.wrong.textContent = message ?? "";
    this.input.setAttribute("aria-invalid", String(Boolean(message)));
  }
}

/**
 * "balanced", or weights such as "0=2, 3=0.5".
 * @param {string} text
 * @returns {string | Record<string, number>}
 */
function weightsOf(text) {
  const pairs = text.split(",").map((part) => part.split("=").map((each) => each.trim()));
  if (text === "balanced" || !pairs.every(([number, weight]) => /^\d+$/.test(number) && weight && Number.isFinite(Number(weight)))) return text;
  return Object.fromEntries(pairs.map(([number, weight]) => [number, Number(weight)]));
}
