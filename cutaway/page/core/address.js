/** Settings in an address. */

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

/** @param {string[]} refused */
export function refusedInWords(refused) {
  return refused.length ? `The address says what cannot be: ${refused.join(", ")}. These settings are as at first.` : "";
}
