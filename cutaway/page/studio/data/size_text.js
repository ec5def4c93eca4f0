/** @param {number} bytes */
export function sizeText(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  let size = bytes;
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}
