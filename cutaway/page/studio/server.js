/** Where the studio is: every address is relative to it, which also works behind a proxy. */
const root = document.baseURI;

/** An error that the server explains in one line. */
export class ServerError extends Error {}

/**
 * Ask the server.
 * @param {string} path such as "api/runs"
 * @param {{ method?: string, body?: any, signal?: AbortSignal, keepalive?: boolean }} [options] the body becomes JSON; a
 *   request that is kept alive is sent even though the page is closed
 * @returns {Promise<any>} its JSON
 */
export async function ask(path, { method = "GET", body, signal, keepalive } = {}) {
  const headers = { "x-cutaway": "1", ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const text = body === undefined ? undefined : JSON.stringify(body);
  return (await answerTo(path, { method, headers, signal, keepalive, body: text })).json();
}

/**
 * The bytes of an array.
 * @param {string} path
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function askBytes(path) {
  return new Uint8Array(await (await answerTo(path)).arrayBuffer());
}

/**
 * @param {string} path
 * @param {RequestInit} [request]
 */
async function answerTo(path, request = {}) {
  let answer;
  try {
    answer = await fetch(new URL(path, root), request);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new ServerError("The studio does not answer. Next: check that cutaway studio still runs in its terminal.");
  }
  if (!answer.ok) throw new ServerError(explained(await answer.text()));
  return answer;
}

/**
 * What an answer says is wrong.
 * @param {string} text of the answer
 */
export function explained(text) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text.trim();
  }
}

/**
 * What happens in the studio: listeners by the name of an event. "reset" comes when events may have been missed, and
 * "offline" when the studio does not answer. A browser opens six connections to a server at most, so one of its pages
 * holds the stream for all of them.
 * @param {Record<string, (data: any) => void>} listeners
 */
export function listen(listeners) {
  /** @param {[string, any]} event */
  const hear = ([name, data]) => listeners[name]?.(data);
  const name = `cutaway-events ${root}`;
  const pages = new BroadcastChannel(name);
  pages.addEventListener("message", ({ data }) => hear(data));
  /** @param {[string, any]} event */
  const pass = (event) => {
    hear(event);
    pages.postMessage(event);
  };
  if (!navigator.locks) { // without TLS, browsers of other machines have none: then each page holds its own stream
    addEventListener("pagehide", holdStream(hear));
    return;
  }
  void navigator.locks.request(name, () => new Promise((resolve) => {
    const leave = holdStream(pass);
    addEventListener("pagehide", () => resolve(leave()));
  }));
}

/**
 * @param {(event: [string, any]) => void} pass
 * @returns {() => void} ends it
 */
function holdStream(pass) {
  let source = new EventSource(new URL("api/events", root));
  let timer = 0;
  const open = () => {
    source.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      pass(event[0] === "hello" ? ["reset", {}] : event);
    });
    source.addEventListener("error", () => {
      pass(["offline", {}]);
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again itself
      timer = setTimeout(() => {
        source = new EventSource(new URL("api/events", root));
        open();
      }, 3000);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/**
 * Go to another page of the studio.
 * @param {string} path
 */
export function goTo(path) {
  location.assign(new URL(path, root));
}

/**
 * The address of a run in the studio, or of what belongs to it.
 * @param {string} id
 */
export function runPath(id) {
  return `runs/${encodeURIComponent(id)}`;
}

/**
 * The address of two runs side by side.
 * @param {string} one
 * @param {string} other
 */
export function comparePath(one, other) {
  return `compare/${encodeURIComponent(one)}/${encodeURIComponent(other)}`;
}

/** Whether the person who sees the page may change something. */
export function mayWrite() {
  return document.documentElement.dataset.writes === "yes";
}

/** How many other people may come in, where the person who sees the page is the one who started the studio. */
export function others() {
  return Number(document.documentElement.dataset.others);
}

/** The path of the page below the studio, in parts: ["runs", "20261124-211500-mnist-7f3a"]. */
export function pathParts() {
  const base = new URL(root).pathname;
  return location.pathname.slice(base.length).split("/").filter(Boolean).map(decodedPart);
}

/** @param {string} part of a path; one that is no text, such as "%E0", stays as it is */
function decodedPart(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
