// The worker of the playground: sessions that do what the page asks for, and answer with the next frame.

import { Session } from "./session.js";

/**
 * What the page asks for: methods of `Session` with their arguments; "start" with the constructor's, and "back",
 * which goes to the session before.
 * @typedef {{ number: number, calls: [string, ...any[]][] }} Request
 */

/** Number of old sessions that are kept, to undo a restart. */
const MAX_SESSIONS = 5;

/** @type {Session[]} The last one is shown. */
const sessions = [];

/** @param {MessageEvent<Request>} event */
function answer({ data: { number, calls } }) {
  try {
    for (const [name, ...values] of calls) {
      if (name === "start") sessions.push(new Session(values[0], values[1]));
      else if (name === "back") sessions.pop();
      else /** @type {any} */ (sessions[sessions.length - 1])[name](...values);
    }
    sessions.splice(0, sessions.length - MAX_SESSIONS);
    postMessage({ number, frame: sessions[sessions.length - 1].toFrame() });
  } catch (error) {
    postMessage({ number, error: String(error) });
  }
}

addEventListener("message", answer);
