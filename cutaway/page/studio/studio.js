import { byId, element, textButton } from "../core/elements.js";
import { followScheme } from "../core/scheme.js";
import { showClass } from "./people/class_view.js";
import { showCompare } from "./run/compare.js";
import { showData } from "./data/data_view.js";
import { showJob } from "./train/queue.js";
import { showError } from "./messages.js";
import { showRun } from "./run/run_view.js";
import { showRuns } from "./runs/runs_view.js";
import { ask, listen, mayWrite, others, pathParts, ServerError } from "./server.js";
import { errorText } from "./words.js";
import { followTour, startTour } from "./tour.js";
import { showTrain } from "./train/train_view.js";
import { showTrashed } from "./runs/run_dialogs.js";

/**
 * The views by the first part of their path, with what the navigation calls them, "" for none, what may follow it, and
 * whether the navigation has them for this person.
 * @type {Record<string, { title: string, rest: RegExp, show: (host: HTMLElement, parts: string[]) => Promise<void>,
 *   isOffered?: () => boolean }>}
 */
const VIEWS = {
  "": { title: "Runs", rest: /^$/, show: showRuns },
  runs: { title: "", rest: /^[^/]+(\/label-issues)?$/, show: showRun },
  trash: { title: "", rest: /^[^/]+$/, show: showTrashed },
  compare: { title: "", rest: /^[^/]+\/[^/]+$/, show: showCompare },
  data: { title: "Data", rest: /^$/, show: showData },
  train: { title: "Train", rest: /^$/, show: showTrain },
  class: { title: "Class", rest: /^$/, show: showClass, isOffered: () => others() > 0 },
  trainings: { title: "", rest: /^[^/]+$/, show: showJob },
};

async function start() {
  followScheme(byId("pageScheme"));
  const [first = "", ...parts] = pathParts();
  void ask("api/visits", { method: "POST", body: { view: first } }).catch(() => {}); // the view shows the error
  const navigation = byId("studioNavigation");
  for (const [path, { title, isOffered }] of Object.entries(VIEWS)) {
    if (title && (isOffered?.() ?? true)) navigation.append(element("a", { href: path || ".", text: title, "aria-current": path === first && "page" }));
  }
  navigation.append(element("a", { href: "playground", text: "Playground" }));
  const tour = textButton("Tour", startTour, { class: "tour-start" });
  if (mayWrite()) byId("pageScheme").before(tour);
  const host = byId("studioView");
  host.replaceChildren();
  const offline = byId("studioOffline");
  listen({ offline: () => (offline.hidden = false), reset: () => (offline.hidden = true) });
  try {
    const view = Object.hasOwn(VIEWS, first) ? VIEWS[first] : null;
    if (!view || !view.rest.test(parts.join("/"))) throw new ServerError("The studio has no page at this address. Next: begin with all runs.");
    await view.show(host, parts);
  } catch (error) {
    if (host.childElementCount) showError(error); // a part of the view is there
    else host.replaceChildren(errorState(error));
  }
  followTour();
  document.documentElement.dataset.ready = "";
}

/**
 * What stands in place of a view that cannot be shown: why, and where to go on.
 * @param {unknown} error
 */
function errorState(error) {
  return element(
    "div",
    { class: "studio-empty", role: "alert" },
    element("h1", { text: "This page cannot be shown" }),
    element("p", { text: errorText(error) }),
    element("p", {}, element("a", { class: "button", href: ".", text: "All runs" })),
  );
}

void start();
