// The two pages of the playground. The address says which one is shown, and its settings.

import { byId } from "../core/elements.js";

/** @typedef {"network" | "tsne"} PageName */

/** @type {PageName[]} The first one is shown where the address names none. */
const NAMES = ["network", "tsne"];

/** Shows one of the pages, and gives each its settings from the address. Addresses of the network name no page. */
export class Pages {
  constructor() {
    for (const name of NAMES) linkTo(name).href = addressOf(name, "");
    this.#show();
    addEventListener("hashchange", () => this.#show());
  }

  get #parts() {
    return new URLSearchParams(location.hash.slice(1));
  }

  /** @returns {PageName} */
  get shown() {
    const named = this.#parts.get("page");
    return NAMES.find((name) => name === named) ?? NAMES[0];
  }

  /**
   * The settings in the address; null if it belongs to another page.
   * @param {PageName} name
   */
  settingsOf(name) {
    if (this.shown !== name) return null;
    const parts = this.#parts;
    if (parts.get("page") === name) parts.delete("page");
    return parts.toString();
  }

  /**
   * Keep settings in the address while the page is shown, and in the link that leads to it.
   * @param {PageName} name
   * @param {string} settings
   */
  keep(name, settings) {
    const address = addressOf(name, settings);
    linkTo(name).href = address;
    if (this.shown === name && address !== (location.hash || "#")) history.replaceState(null, "", address);
  }

  /**
   * @param {PageName} name
   * @param {() => void} act When the page is shown for the first time.
   */
  whenFirst(name, act) {
    const ended = new AbortController();
    const ask = () => {
      if (this.shown !== name) return;
      ended.abort();
      act();
    };
    addEventListener("hashchange", ask, { signal: ended.signal });
    ask();
  }

  #show() {
    for (const name of NAMES) {
      const isShown = name === this.shown;
      byId(`${name}Page`).hidden = !isShown;
      if (isShown) linkTo(name).setAttribute("aria-current", "page");
      else linkTo(name).removeAttribute("aria-current");
    }
  }
}

/**
 * What the address ends in.
 * @param {PageName} name
 * @param {string} settings
 */
function addressOf(name, settings) {
  return `#${[name === NAMES[0] ? "" : `page=${name}`, settings].filter(Boolean).join("&")}`;
}

/** @param {PageName} name */
function linkTo(name) {
  return /** @type {HTMLAnchorElement} */ (byId(`${name}Link`));
}
