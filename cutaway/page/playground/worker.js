// The worker of the playground: a session that does what the page asks for, and answers with what is to be drawn.

import { Session } from "./session.js";

/**
 * What the page asks for: methods of `Session` with their arguments, or "start" with those of its constructor.
 * @typedef {{ number: number, calls: [string, ...any[]][] }} Request
 */

/** @type {Session | null} */
let session = null;

/** @param {MessageEvent<Request>} event */
function answer({ data: { number, calls } }) {
  try {
    for (const [name, ...values] of calls) {
      if (name === "start") session = new Session(values[0], values[1]);
      else /** @type {any} */ (session)[name](...values);
    }
    postMessage({ number, frame: session?.toFrame() });
  } catch (error) {
    postMessage({ number, error: String(error) });
  }
}

addEventListener("message", answer);
