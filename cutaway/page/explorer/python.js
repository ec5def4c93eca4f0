/**
 * The Python that gives the same samples.
 * @param {string[]} names of samples
 * @param {{ run: string, explore: string }} python how the run is opened, and how its samples are shown
 */
export function pythonCode(names, { run, explore }) {
  return [
    "import cutaway as ct",
    "",
    `run = ${run}`,
    `names = ${namesInPython(names)}`,
    "samples = run.context.samples(names)",
    "x, y = run.data.x(samples), run.data.y(samples)",
    "",
    "# in a notebook, on the map",
    `widget = ${explore}`,
    "widget.selection = names",
    "widget",
    "",
  ].join("\n");
}

const PLACE = /^([A-Za-z_]\w*)\[(0|[1-9]\d{0,14})\]$/;

/**
 * A list of names: those such as test[7] by their numbers.
 * @param {string[]} names
 */
function namesInPython(names) {
  /** @type {Map<string, number[]>} */
  const places = new Map();
  const others = [];
  for (const name of names) {
    const found = PLACE.exec(name);
    if (!found) others.push(JSON.stringify(name));
    else places.set(found[1], [...(places.get(found[1]) ?? []), Number(found[2])]);
  }
  const parts = [...places].map(([source, numbers]) => `*(f"${source}[{i}]" for i in [${ranges(numbers)}])`);
  const listed = [...parts, ...others];
  return listed.length === 1 && parts.length ? `[${parts[0].slice(2, -1)}]` : `[${listed.join(", ")}]`;
}

/** @param {number[]} numbers */
function ranges(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const parts = [];
  for (let k = 0; k < sorted.length; k++) {
    const first = k;
    while (sorted[k + 1] === sorted[k] + 1) k++;
    if (k - first < 2) parts.push(...sorted.slice(first, k + 1));
    else parts.push(`*range(${sorted[first]}, ${sorted[k] + 1})`);
  }
  return parts.join(", ");
}
