import { bundleInPage } from "./core/bundle.js";
import { byId, element } from "./core/elements.js";
import { followScheme } from "./core/scheme.js";
import { keepInAddress } from "./explorer/address.js";
import { Explorer } from "./explorer/explorer.js";
import { drawFigures } from "./core/charts.js";
import { LabelIssueList } from "./label_sheet.js";
import { explainMissingMap, linkSections } from "./links.js";
import { startTables } from "./tables.js";
import { startViews } from "./views.js";

/** Connect the parts of the page: the color scheme, figures and explorers. */
async function start() {
  const data = JSON.parse(byId("pageData").textContent ?? "");
  followScheme(byId("pageScheme"));
  startViews();
  startTables();
  for (const { name } of data.sheets) new LabelIssueList(byId(`${name}-sheet`));
  drawFigures(data.figures);
  const bundle = bundleInPage(data.arrays, "pageArray");
  const explorers = data.explorers.map((/** @type {any} */ record) => startExplorer(record, bundle));
  await Promise.all(explorers);
  document.documentElement.dataset.ready = "";
}

/**
 * @param {import("./explorer/samples.js").ExplorerRecord} record
 * @param {import("./core/bundle.js").Bundle} bundle
 */
async function startExplorer(record, bundle) {
  const host = byId(`${record.name}-explorer`);
  try {
    const explorer = new Explorer(host, record, bundle);
    Object.assign(host, { explorer }); // for scripts of others, and for tests
    await explorer.show();
    await explorer.complete();
    linkSections(explorer);
    if (explorer.parts) keepInAddress(explorer.parts);
  } catch (error) {
    explainMissingMap();
    host.replaceChildren(element("p", { text: `The map could not be drawn: ${error}. Open the page in a newer browser.` }));
    throw error;
  }
}

void start();
