/** Numbers and texts as people read them. */

/**
 * @param {number} value from 0 to 1
 * @param {number} [digits]
 */
export function percent(value, digits = 1) {
  return `${(100 * value).toFixed(digits)}%`;
}

/**
 * A whole number with its thousands apart.
 * @param {number} count
 */
export function grouped(count) {
  return count.toLocaleString("en");
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/**
 * How many of some things a list shows: never all but one, whose name takes no more room than "1 more".
 * @param {number} total
 * @param {number} most
 */
export function shownOf(total, most) {
  return total <= most + 1 ? total : most;
}

/**
 * A number with its sign.
 * @param {number} value
 * @param {(size: number) => string} [write] how the number without its sign is written
 */
export function signed(value, write = (size) => size.toFixed(2)) {
  return `${value >= 0 ? "+" : "−"}${write(Math.abs(value))}`;
}

/** @param {string} text */
export function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * Round numbers between two, at most about `most` of them, with the smallest step of 1, 2 or 5 times a power of ten first.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @param {boolean} [whole]
 */
export function roundTicks(low, high, most, whole = false) {
  const span = high - low;
  if (!(span > 0 && span < Infinity)) return [low];
  const power = 10 ** Math.floor(Math.log10(span / most));
  let step = power * ([1, 2, 5].find((factor) => span / (power * factor) <= most) ?? 10);
  if (whole) step = Math.max(1, Math.round(step));
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(k * step + 0); // 0, and not -0
  return ticks;
}
