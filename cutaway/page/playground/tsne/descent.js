// The descent of t-SNE over all pairs: forces, the KL divergence, and one step after another.

/** @typedef {import("./affinities.js").Affinities} Affinities */

/**
 * Points on their way, as they are after a step. Nothing changes a moment: a step makes the next one.
 * @typedef {object} Moment
 * @property {Float32Array} xy (point, 2)
 * @property {Float32Array} last (point, 2), the step that led here.
 * @property {Float32Array} gains Of each point, a factor of its learning rate.
 */

/**
 * The rules of a step.
 * @typedef {object} Rule
 * @property {number} exaggeration Factor of the attractive forces.
 * @property {number} learningRate
 * @property {number} momentum
 */

/** Steps with early exaggeration, its factor, and the momenta during it and later, as `ct.TSNE` has them for few points. */
export const EARLY_STEPS = 250;
const [EXAGGERATION, EARLY_MOMENTUM, MOMENTUM] = [12, 0.5, 0.8];

/** With a lower learning rate, few points would hardly move. */
const MIN_LEARNING_RATE = 20;

/** Longest step of a point, in units of the map. */
const MAX_LENGTH = 5;

/**
 * The rule of a step, as `cutaway.embedding.tsne.schedule` has it for few points.
 *
 * Source: van der Maaten 2014, section 5 (exaggeration and momenta); Belkina et al. 2019 (the learning rate).
 * @param {number} step From 0.
 * @param {{ points: number, learningRate: number | "auto" }} about
 * @returns {Rule}
 */
export function ruleOf(step, { points, learningRate }) {
  const isEarly = step < EARLY_STEPS;
  const exaggeration = isEarly ? EXAGGERATION : 1;
  const rate = learningRate === "auto" ? Math.max(points / exaggeration, MIN_LEARNING_RATE) : learningRate;
  return { exaggeration, learningRate: rate, momentum: isEarly ? EARLY_MOMENTUM : MOMENTUM };
}

/**
 * Where points stand before the first step.
 * @param {Float32Array} xy
 * @returns {Moment}
 */
export function firstMoment(xy) {
  return { xy, last: new Float32Array(xy.length), gains: new Float32Array(xy.length / 2).fill(1) };
}

/**
 * Forces between all pairs: a quarter of the gradient of the KL divergence where the exaggeration is 1.
 *
 * Source: van der Maaten and Hinton 2008, equation 5.
 * @param {Float64Array} p (point, point), affinities.
 * @param {ArrayLike<number>} xy (point, 2)
 * @param {number} exaggeration
 * @returns {Float64Array} (point, 2)
 */
export function forces(p, xy, exaggeration) {
  const n = xy.length / 2;
  const attraction = new Float64Array(2 * n);
  const repulsion = new Float64Array(2 * n);
  let half = 0;
  for (let i = 0; i < n; i++) {
    const [x, y] = [xy[2 * i], xy[2 * i + 1]];
    let [attractX, attractY, repelX, repelY] = [0, 0, 0, 0];
    for (let j = 0; j < i; j++) {
      const dx = x - xy[2 * j];
      const dy = y - xy[2 * j + 1];
      const weight = 1 / (1 + dx * dx + dy * dy);
      half += weight;
      const attract = p[i * n + j] * weight;
      const repel = weight * weight;
      attractX += attract * dx;
      attractY += attract * dy;
      repelX += repel * dx;
      repelY += repel * dy;
      attraction[2 * j] -= attract * dx;
      attraction[2 * j + 1] -= attract * dy;
      repulsion[2 * j] -= repel * dx;
      repulsion[2 * j + 1] -= repel * dy;
    }
    attraction[2 * i] += attractX;
    attraction[2 * i + 1] += attractY;
    repulsion[2 * i] += repelX;
    repulsion[2 * i + 1] += repelY;
  }
  return attraction.map((attract, k) => exaggeration * attract - repulsion[k] / (2 * half));
}

/**
 * The KL divergence of a map from the affinities, in nats.
 *
 * Source: van der Maaten and Hinton 2008, equations 2 (here of the joint affinities) and 4.
 * @param {Affinities} affinities
 * @param {ArrayLike<number>} xy (point, 2)
 */
export function klDivergence({ p, negativeEntropy }, xy) {
  const n = xy.length / 2;
  let [half, cross] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [xy[2 * i] - xy[2 * j], xy[2 * i + 1] - xy[2 * j + 1]];
      const apart = 1 + dx * dx + dy * dy;
      half += 1 / apart;
      const affinity = p[i * n + j];
      if (affinity > 0) cross += affinity * Math.log(apart);
    }
  }
  return negativeEntropy + 2 * cross + Math.log(2 * half);
}

/**
 * Move each point against the gradient. A point has one gain, and not one for each coordinate, so that it does not matter
 * where the axes are.
 *
 * Source: `cutaway.embedding.tsne.kernels.step`; van der Maaten and Hinton 2008, section 3.4; Jacobs 1988 (gains).
 * @param {Moment} moment
 * @param {Float64Array} p (point, point), affinities.
 * @param {Rule} rule
 * @returns {Moment}
 */
export function nextMoment(moment, p, { exaggeration, learningRate, momentum }) {
  const gradient = forces(p, moment.xy, exaggeration);
  const [xy, last, gains] = [moment.xy.slice(), moment.last.slice(), moment.gains.slice()];
  for (let i = 0; i < gains.length; i++) {
    const [x, y] = [gradient[2 * i], gradient[2 * i + 1]];
    // the previous step was along the gradient, and not against it: the point has gone too far
    const turned = x * last[2 * i] + y * last[2 * i + 1] > 0;
    gains[i] = turned ? 0.8 * gains[i] + 0.01 : gains[i] + 0.2;
    const stepX = momentum * last[2 * i] - learningRate * gains[i] * x;
    const stepY = momentum * last[2 * i + 1] - learningRate * gains[i] * y;
    const shrink = Math.min(1, MAX_LENGTH / Math.hypot(stepX, stepY));
    last[2 * i] = shrink * stepX;
    last[2 * i + 1] = shrink * stepY;
    xy[2 * i] += last[2 * i];
    xy[2 * i + 1] += last[2 * i + 1];
  }
  return { xy, last, gains };
}
