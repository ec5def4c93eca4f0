/** Where the studio is: every address is relative to it, so that it works behind a proxy as well. */
const root = document.baseURI;

/** An error that the server explains in one line. */
export class ServerError extends Error {}

/**
 * Ask the server.
 * @param {string} path such as "api/runs"
 * @param {{ method?: string, body?: any, signal?: AbortSignal }} [given] the body becomes JSON
 * @returns {Promise<any>} its JSON
 */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const headers = { "x-cutaway": "1", ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const sent = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(new URL(path, root), sent);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServerError("The studio does not answer. Next: look whether cutaway studio still runs in its terminal.");
  }
  const text = await answer.text();
  if (!answer.ok) throw new ServerError(explained(text));
  return JSON.parse(text);
}

/**
 * The bytes of an array.
 * @param {string} path
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function askBytes(path) {
  const answer = await fetch(new URL(path, root));
  if (!answer.ok) throw new ServerError(explained(await answer.text()));
  return new Uint8Array(await answer.arrayBuffer());
}

/** @param {string} text of an answer */
function explained(text) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text.trim();
  }
}

/**
 * What happens in the studio: listeners by the name of an event. "reset" comes when events were missed.
 * @param {Record<string, (data: any) => void>} listeners
 * @returns {EventSource}
 */
export function listen(listeners) {
  const source = new EventSource(new URL("api/events", root));
  let connected = false;
  source.addEventListener("hello", () => {
    if (connected) listeners.reset?.({}); // the connection was lost for a while
    connected = true;
  });
  for (const [name, listener] of Object.entries(listeners)) {
    source.addEventListener(name, (event) => listener(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  }
  addEventListener("pagehide", () => source.close());
  return source;
}

/** Whether the person who sees the page may change something. */
export function mayWrite() {
  return document.documentElement.dataset.writes === "yes";
}

/** The path of the page below the studio, in parts: ["runs", "20261124-211500-mnist-7f3a"]. */
export function pathParts() {
  const base = new URL(root).pathname;
  return location.pathname.slice(base.length).split("/").filter(Boolean).map(decodeURIComponent);
}
