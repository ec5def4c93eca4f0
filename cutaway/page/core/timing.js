/**
 * A function that has something done in the next frame: once, however often it is called before.
 * @param {() => void} act
 */
export function inNextFrame(act) {
  let frame = 0;
  const ask = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      act();
    });
  };
  ask.cancel = () => {
    cancelAnimationFrame(frame);
    frame = 0;
  };
  return ask;
}

/**
 * A function that has something done when it was not called for a while.
 * @param {() => void} act
 * @param {number} milliseconds
 */
export function afterPause(act, milliseconds) {
  let timer = 0;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}
