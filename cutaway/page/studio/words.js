/**
 * A duration: "0.8 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
 * @param {number} seconds
 * @param {number} [digits] below ten seconds
 */
export function durationText(seconds, digits = 1) {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(digits)} s`;
  const whole = Math.round(seconds);
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(whole / unit));
  const parts = (/** @type {string} */ large, /** @type {number} */ small, /** @type {string} */ unit) =>
    small ? `${large} ${small} ${unit}` : large;
  if (!minutes) return `${whole} s`;
  if (!hours) return parts(`${minutes} min`, whole % 60, "s");
  if (!days) return parts(`${hours} h`, minutes % 60, "min");
  return parts(`${days} d`, hours % 24, "h");
}

/** @param {number} bytes */
export function sizeText(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  let size = bytes;
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/**
 * The state of a run in a word.
 * @param {string} state
 */
export function stateWord(state) {
  return state === "running" ? "training" : state;
}

/** @param {unknown} error */
export function errorText(error) {
  return error instanceof Error ? error.message : String(error);
}
