import { decodeBase64 } from "../../core/bundle.js";
import { choice, element } from "../../core/elements.js";
import { counted, percent } from "../../core/words.js";
import { dataAddress } from "../data/data_address.js";
import { field } from "../elements.js";
import { doWork } from "../inside/work.js";
import { actionButton, askFirst, showMessage } from "../messages.js";
import { ask, others } from "../server.js";
import { pictureOf } from "./pictures.js";

/** @typedef {{ person: string, names: string[], labels: number[], pixels: string }} PersonDigits */

/**
 * What a test of a run found; see `cutaway.jobs.digits_work.test_run`.
 * @typedef {{ samples: number, correct: number, share: number, low: number, high: number, people: number,
 *   trained: number, familiar: number, confusions: { label: number, predicted: number, count: number }[], problems: string[],
 *   mistakes: { person: string, label: number, predicted: number, confidence: number, pixels: string }[] }} DigitsTest
 */

/** Below so many digits, the interval is wide enough to say so. */
const FEW = 50;

/** @param {string} name of a person */
const called = (name) => name || "you";

/**
 * What the one who started the studio sees of all digits: who has drawn which, how a run reads them, and data sets of
 * them. What was chosen and found stays when somebody has drawn another digit.
 * @param {HTMLElement} host
 * @param {{ changed: () => Promise<void> }} given called when a digit was removed
 */
export async function showClassDigits(host, { changed }) {
  const { people, problems, data } = await ask("api/class/digits");
  const again = async () => {
    await changed();
    await showClassDigits(host, { changed });
  };
  if (!host.childElementCount) {
    host.append(element("div"), await testElement(), dataElement());
  }
  const [collected] = host.children;
  collected.replaceChildren(collectedElement(people, problems, again));
  showSets(/** @type {HTMLElement} */ (host.querySelector(".class-data")), data);
}

/**
 * @param {PersonDigits[]} people
 * @param {string[]} problems
 * @param {() => Promise<void>} again
 */
function collectedElement(people, problems, again) {
  const total = people.reduce((sum, { labels }) => sum + labels.length, 0);
  const drawn = people.filter(({ labels }) => labels.length).length;
  const text = others() ? `${counted(total, "digit")} of ${counted(drawn, "person", "people")}. Click a digit to remove it; you are asked first.` : "Click a digit to remove it; you are asked first.";
  const rows = people.map(({ person, names, labels, pixels }) => {
    const bytes = decodeBase64(pixels);
    const remove = async (/** @type {number} */ k) => {
      const action = `Remove this ${labels[k]}`;
      if (!(await askFirst({ title: `${action} of ${called(person)}?`, text: ["It cannot be brought back."], action }))) return;
      const query = new URLSearchParams({ person, digit: names[k] });
      await ask(`api/class/digits?${query}`, { method: "DELETE" });
      await again();
    };
    const pictures = labels.map((label, k) => {
      const button = actionButton("", () => remove(k), { class: "sample", "aria-label": `Remove the ${label} of ${called(person)}` });
      button.append(...pictureOf(bytes, k, String(label)).children);
      return button;
    });
    const summary = element("summary", { text: `${called(person)}: ${counted(labels.length, "digit")}` });
    return element("details", { open: people.length <= 3, "data-person": person }, summary, element("div", { class: "samples" }, ...pictures));
  });
  const wrong = problems.map((problem) => element("p", { class: "problem", role: "alert", text: problem }));
  return element("section", {}, element("h2", { text: "Collected" }), element("p", { class: "lead", text }), ...wrong, ...rows);
}

/** Choose a run, and see how it reads the digits. */
async function testElement() {
  const { runs } = await ask("api/runs");
  const fits = runs.filter((/** @type {any} */ { shape, classes, epochs }) => String(shape) === "28,28" && classes === 10 && epochs);
  const found = element("div", { class: "digit-test", role: "status" });
  const host = element("section", {}, element("h2", { text: "Test a run on them" }));
  if (!fits.length) {
    host.append(element("p", { class: "lead" }, "No run reads pictures of 28 x 28 pixels with ten classes. ", element("a", { href: dataAddress("train", { place: "bundled", name: "mnist" }), text: "Train one on MNIST" }), "."));
    return host;
  }
  const select = choice(fits.map((/** @type {any} */ { id, title, data, model }) => [id, `${title || id}: ${data}, ${model}`]), { id: "digits-run" });
  const test = async () => {
    found.replaceChildren(element("p", { class: "hint", text: "The run is being tested." }));
    try {
      const { result } = await doWork("digits-test", { run: select.value }, { again: true });
      found.replaceChildren(...testParts(result));
    } catch (error) {
      found.replaceChildren();
      throw error;
    }
  };
  host.append(element("div", { class: "digit-form" }, field("Run", select), actionButton("Test", test, { class: "main" })), found);
  return host;
}

/** @param {DigitsTest} result */
function testParts({ samples, correct, share, low, high, people, trained, familiar, confusions, mistakes, problems }) {
  const words = [
    `In brackets is the 95% interval of the accuracy on more digits like these, as if each were written by somebody else. Digits of one person are alike, so with ${counted(people, "person", "people")} it is wider in truth.`,
    samples < FEW ? `${counted(samples, "digit")} say little: collect more before you compare runs.` : "",
    familiar ? `${counted(familiar, "digit")} of these ${familiar === 1 ? "is" : "are"} by people whose other digits it was trained on: on handwriting that it has never seen, it is probably right less often.` : "",
    trained ? `${counted(trained, "digit")} that the run was trained on ${trained === 1 ? "is" : "are"} left out.` : "",
  ];
  const wrong = confusions.map(({ label, predicted, count }) => element("li", { text: `${label} read as ${predicted}: ${count} of ${counted(samples - correct, "mistake")}` }));
  const pictures = mistakes.map(({ person, label, predicted, confidence, pixels }) =>
    pictureOf(decodeBase64(pixels), 0, `${called(person)}: ${label} read as ${predicted} (${percent(confidence, 0)})`),
  );
  return [
    element("p", { class: "answer" }, element("strong", { text: `${correct} of ${samples} right: ${percent(share)} (${percent(low)} to ${percent(high)})` })),
    ...words.filter(Boolean).map((text) => element("p", { class: "lead", text })),
    ...problems.map((text) => element("p", { class: "problem", text })),
    ...(wrong.length ? [element("h3", { text: "What is confused" }), element("ul", { class: "digit-confusions" }, ...wrong)] : []),
    ...(pictures.length ? [element("h3", { text: "Mistakes, the most confident first" }), element("div", { class: "samples digit-mistakes" }, ...pictures)] : []),
  ];
}

/** Make data sets of the digits, on which everybody can train. */
function dataElement() {
  const mnist = element("input", { type: "checkbox", id: "digits-mnist" });
  const make = async () => {
    const { result } = await doWork("digits-data", { wish: String(Math.random()).slice(2), mnist: mnist.checked });
    const { name, train, test, people } = result;
    const held = people ? `${counted(test, "digit")} of ${counted(people, "person", "people")} to test on` : "a fifth of them will be held out to test on, though they are of the same person";
    showMessage(`${name}: ${counted(train, "sample")} to train on, and ${held}.`);
    showSets(/** @type {HTMLElement} */ (host.querySelector(".class-data")), (await ask("api/data")).class);
  };
  const text =
    "The digits of a fifth of the people become the test samples, and no digit of theirs is trained on, so that accuracy is that on handwriting the model has never seen. Names are not in it. It stays as it is when more digits are drawn.";
  const all = others() ? " Everybody finds it on the page Data." : "";
  const host = element(
    "section",
    {},
    element("h2", { text: "Make a data set of them" }),
    element("p", { class: "lead", text: text + all }),
    element("div", { class: "digit-form" }, element("label", { class: "digit-check" }, mnist, element("span", { text: "with MNIST's 60,000 training images" })), actionButton("Make a data set", make)),
    element("ul", { class: "entries class-data" }),
  );
  return host;
}

/**
 * The data sets that are there.
 * @param {HTMLElement} list
 * @param {{ name: string }[]} data
 */
function showSets(list, data) {
  list.replaceChildren(
    ...data.map(({ name }) => {
      const remove = async () => {
        if (!(await askFirst({ title: `Delete ${name}?`, text: ["Runs that were trained on it stay, without their data."], action: "Delete" }))) return;
        const left = await ask(`api/class/data/${encodeURIComponent(name)}`, { method: "DELETE" });
        showSets(list, left.data);
      };
      return element("li", { class: "entry" }, setLink(name), actionButton("Delete", remove, { "aria-label": `Delete ${name}` }));
    }),
  );
}

/** @param {string} name of a data set of the class */
export function setLink(name) {
  return element("a", { href: setAddress("data", name), text: name });
}

/**
 * The address of a data set of the class, whose pictures are centered as MNIST's are: so is what is drawn on the page of a run.
 * @param {"data" | "train"} view
 * @param {string} name
 */
export function setAddress(view, name) {
  return dataAddress(view, { place: "class", name }, { centering: "mass" });
}
