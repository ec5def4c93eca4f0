import { element } from "../../core/elements.js";
import { linkSections } from "../../links.js";
import { MapView } from "./map_view.js";
import { fetchPart, sectionElement } from "./parts.js";
import { ask, runPath } from "../server.js";
import { joinExplorers } from "./share.js";
import { showWork } from "./work.js";

/**
 * Two runs: which is better and where they differ, and then their maps side by side, with one selection.
 * @param {HTMLElement} host
 * @param {string[]} ids
 */
export async function showCompare(host, [first, second]) {
  const runs = await Promise.all([first, second].map((id) => ask(`api/${runPath(id)}`)));
  const line = element("div");
  const comparison = element("div", { class: "comparison" });
  const beside = element("div", { class: "pair" });
  host.append(element("h1", { text: "Two runs side by side" }), line, comparison, beside);
  const maps = runs.map((run, k) => {
    const place = element("div", { class: "map-view" });
    const link = element("a", { href: runPath(run.id), text: run.called || run.id });
    const which = element("span", { class: "hint", text: k ? "Other run: " : "This run: " });
    const title = element("p", { class: "pair-title" }, which, link, element("span", { class: "run-id", text: ` ${run.id}` }));
    beside.append(element("div", { class: "pair-run" }, title, place));
    const against = runs[1 - k].id;
    const links = k === 0 ? comparison : document.createDocumentFragment();
    return new MapView(place, { run: run.id, against: against === run.id ? null : against }, { address: k === 0, links });
  });
  const join = () => {
    const [one, other] = maps.map((map) => map.explorer);
    const same = maps.every((map) => map.task.against) || first === second; // otherwise names are of other samples
    if (one && other && same) joinExplorers(one, other);
  };
  for (const map of maps) map.host.addEventListener("shown", join);
  for (const map of maps) void map.start();
  const work = {
    title: "Comparing the runs",
    kind: "compare",
    given: { run: first, against: second },
  };
  void showWork(line, work, async (key) => {
    comparison.replaceChildren(sectionElement(await fetchPart(key, "comparison")));
    if (maps[0].explorer) linkSections(maps[0].explorer, comparison);
  });
}
