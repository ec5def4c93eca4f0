// What the toolbars of both pages of the playground have: Play, the speed, a link, and their keys.

import { choice, textButton } from "../core/elements.js";

/** @typedef {{ store: import("../core/store.js").Store<any>, play: (isPlaying: boolean) => void }} Player */

/** @param {Player} player */
export function playButton(player) {
  const { store } = player;
  const button = textButton("Play", () => player.play(!store.state.isPlaying), { class: "play" });
  store.watch(["isPlaying"], ({ isPlaying }) => {
    button.textContent = isPlaying ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(isPlaying));
  });
  return button;
}

/**
 * @template {string} Speed
 * @param {Record<Speed, { name: string }>} speeds
 * @param {Speed} now
 * @param {(speed: Speed) => void} take
 */
export function speedChoice(speeds, now, take) {
  const names = /** @type {[Speed, { name: string }][]} */ (Object.entries(speeds)).map(([value, { name }]) => /** @type {const} */ ([value, name]));
  const list = choice(names, { "aria-label": "Speed" }, now);
  list.addEventListener("change", () => take(/** @type {Speed} */ (list.value)));
  return list;
}

/**
 * @param {Player} player
 * @param {() => string} words what the link opens
 */
export function linkButton({ store }, words) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      store.set({ message: `The link was copied. ${words()}` });
    } catch {
      store.set({ message: "This browser lets no page copy here: copy the address of the page." });
    }
  };
  return textButton("Copy link", () => void copy());
}

/**
 * Let keys act where a page is shown and nobody types; space plays.
 * @param {Player} player
 * @param {() => boolean} isShown
 * @param {Record<string, () => void>} keys
 */
export function hearKeys(player, isShown, keys) {
  const acts = { ...keys, " ": () => player.play(!player.store.state.isPlaying) };
  document.addEventListener("keydown", (event) => {
    const own = event.key === " " ? "input, select, textarea, button, summary, a" : "input:not([type=checkbox], [type=radio], [type=range]), select, textarea";
    const isField = event.target instanceof HTMLElement && event.target.closest(own);
    if (!isShown() || isField || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!Object.hasOwn(acts, event.key)) return;
    acts[/** @type {keyof typeof acts} */ (event.key)]();
    event.preventDefault();
  });
}
