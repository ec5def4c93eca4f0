/** Settings that a person or an address gives: what each can be, and its row in a form. */

import { choice, element, labeled } from "./elements.js";
import { shownOf } from "./words.js";

/**
 * @typedef {object} Field
 * @property {string} label
 * @property {[string | number, string][]} [choices] values and their names
 * @property {number} [low] numbers from here
 * @property {number} [high] to here,
 * @property {boolean} [isWhole] which may have to be whole,
 * @property {boolean} [auto] or the word "auto"
 * @property {string} [help]
 */

/**
 * A value that a person or an address gives; null if it cannot be.
 * @param {Field} field
 * @param {string} text
 * @returns {string | number | null}
 */
export function readField({ choices, low = -Infinity, high = Infinity, isWhole, auto }, text) {
  if (choices) return choices.some(([value]) => value === text) ? text : null;
  if (auto && text.trim() === "auto") return "auto";
  const value = text.trim() ? Number(text) : NaN;
  return value >= low && value <= high && (!isWhole || Number.isInteger(value)) ? value : null;
}

/**
 * A form that shows the settings of a store; what cannot be is refused in words below its setting.
 * @param {Record<string, Field>} fields
 * @param {import("./store.js").Store<any>} store
 * @param {object} given
 * @param {string} given.prefix of the names of controls
 * @param {(name: string) => HTMLElement} given.placeOf where a setting is put
 * @param {(name: string, value: string | number) => unknown} given.take true where the value comes later
 * @param {(name: string, settings: any) => boolean} given.isUsed whether a setting has an effect
 */
export function showSettings(fields, store, { prefix, placeOf, take, isUsed }) {
  for (const [name, field] of Object.entries(fields)) {
    const { label, choices, low, high, isWhole, auto, help } = field;
    const now = () => String(store.state.settings[name]);
    const about = { name: prefix + name, "aria-label": label, title: help };
    const input = choices ? choice(choices, about, now()) : element("input", { ...about, type: "text", inputmode: auto ? "text" : "decimal", autocomplete: "off" });
    const wrong = element("small", { class: "field-wrong", role: "alert" });
    const rule = `${label} is a ${isWhole ? "whole number" : "number"} from ${low} to ${high}${auto ? ", or auto" : ""}.`;
    input.addEventListener("change", () => {
      const value = readField(field, input.value);
      wrong.textContent = value === null ? rule : "";
      if (value !== null && !take(name, value)) input.value = now(); // as before, if it was not taken
    });
    const row = labeled(label, input);
    row.append(wrong);
    placeOf(name).append(row);
    store.watch(["settings"], ({ settings }) => {
      if (document.activeElement !== input || choices) input.value = now();
      row.hidden = !isUsed(name, settings);
    });
  }
}

/** How a value is written; the numbers of a list are joined, such as "8-8". */
const textOf = (/** @type {any} */ value) => (Array.isArray(value) ? value.join("-") : String(value));

/**
 * Settings as they are written into an address: those that are not as at first.
 * @param {Record<string, any>} settings
 * @param {Record<string, any>} first
 */
export function writeSettings(settings, first) {
  const changed = Object.entries(settings).filter(([name, value]) => textOf(value) !== textOf(first[name]));
  return new URLSearchParams(changed.map(([name, value]) => [name, textOf(value)])).toString();
}

/**
 * Settings from an address, and what could not be read.
 * @template {Record<string, any>} Settings
 * @param {string} text
 * @param {Settings} first
 * @param {(name: string, given: string) => any} read null for what cannot be
 * @returns {{ settings: Settings, refused: string[] }}
 */
export function readSettings(text, first, read) {
  const settings = { ...first };
  const refused = [];
  for (const [name, given] of new URLSearchParams(text)) {
    const value = Object.hasOwn(first, name) ? read(name, given) : null;
    if (value === null) refused.push(`${name}=${given}`);
    else Object.assign(settings, { [name]: value });
  }
  return { settings, refused };
}

/** Settings that are named where some could not be read, and letters of each: a file may hold a million. */
const [MAX_NAMED, MAX_LETTERS] = [5, 60];

/** @param {string[]} refused */
export function refusedList(refused) {
  const few = shownOf(refused.length, MAX_NAMED);
  const named = refused.slice(0, few).map((text) => (text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS)}…` : text));
  return [...named, ...(refused.length > few ? [`${refused.length - few} more`] : [])].join(", ");
}

/** @param {string[]} refused */
export function refusedInWords(refused) {
  return refused.length ? `The address says what cannot be: ${refusedList(refused)}. These settings are as at first.` : "";
}
