// The past of a moment through all branches that led to it.

/**
 * The curve up to the moment that is shown, that of the branches before included.
 * @param {import("./session.js").Frame} frame
 * @returns {number[][]} Step, epochs, loss and accuracy in training, loss and accuracy in the test.
 */
export function curveUntilNow(frame) {
  return curveOf(frame).filter(([step]) => step <= frame.step);
}

/**
 * The curve of the branch that is shown, and of the branches that it left.
 * @param {import("./session.js").Frame} frame
 */
export function curveOf({ branch, branches }) {
  let { curve, parent } = branches[branch];
  while (parent >= 0) {
    const before = branches[parent];
    const [[left]] = curve;
    curve = [...before.curve.filter(([step]) => step < left), ...curve];
    ({ parent } = before);
  }
  return curve;
}
