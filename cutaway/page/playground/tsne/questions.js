// Questions that are answered before one looks: each sets up its experiment once a person has made a prediction.

import { element, textButton } from "../../core/elements.js";
import { TSNE_DEFAULTS } from "./settings.js";

/** @typedef {import("./experiment.js").TsneSettings} TsneSettings */

/**
 * @typedef {object} Question
 * @property {string} text
 * @property {string[]} choices
 * @property {number} right Which of them.
 * @property {string} why What is seen, and where to read it.
 * @property {Partial<TsneSettings>} settings Those of the experiment that are not as at first.
 */

/** @type {Question[]} */
export const QUESTIONS = [
  {
    text: "Group B is ten times as wide as group A. How wide does the map draw it?",
    choices: ["Ten times as wide", "About twice as wide", "About as wide as A"],
    right: 2,
    why: "Each point gets a kernel of its own, as wide as its neighborhood: sizes of groups on a map say how many points there are. Read the row of widths.",
    settings: { data: "sizes" },
  },
  {
    text: "In the data, B is 10 from A, and C is 60 from A. The start is random. How far is C from A on the map?",
    choices: ["About as far as B", "Six times as far as B", "Far more than six times"],
    right: 0,
    why: "Beyond its neighbors a point is attracted by hardly anything, so nothing holds the groups in their places. Read the row of distances; then set the start to principal components, which keeps the order, and not the distances.",
    settings: { data: "three", start: "random", perplexity: 20 },
  },
  {
    text: "One normal cloud in 50 dimensions has no groups. What does a map with perplexity 2 show?",
    choices: ["A round cloud", "Clumps with gaps between them", "One dense point"],
    right: 1,
    why: "With two neighbors to hold on to, points gather in clumps that are not in the data. The last row tells: between these clumps there are gaps on the map, and none in the data. Turn perplexity up to 30: the clumps go.",
    settings: { data: "cloud", dimensions: 50, perplexity: 2 },
  },
  {
    text: "Three parallel lines of 66 points, at perplexity 60. Are there three lines on the map?",
    choices: ["Yes, as in the data", "No, they are drawn as one", "Three round groups"],
    right: 1,
    why: "The 60 neighbors of a point are on all three lines, so the gap between them is below what this perplexity sees. Turn it down to 5: the lines come apart. Perplexity is a choice of how far to look.",
    settings: { data: "parallel", perplexity: 60, points: 198 },
  },
  {
    text: "Two rings are linked in space, like links of a chain. What does the map make of them?",
    choices: ["Two rings that cross", "Two rings side by side, and all neighbors kept", "Two points"],
    right: 1,
    why: "All neighbors are kept, and the map still does not show the link: neighborhoods are all that it was made from. Each ring passes through the middle of the other, and on the map they are apart.",
    settings: { data: "rings", perplexity: 10 },
  },
];

/**
 * @param {HTMLElement} host
 * @param {(settings: TsneSettings, words: string) => void} begin Also shows the words above the map.
 */
export function showQuestions(host, begin) {
  const cards = QUESTIONS.map(({ text, choices, right, why, settings }, number) => {
    const said = element("p", { role: "status" });
    let predicted = -1;
    const look = () => {
      said.textContent = `${predicted === right ? "As you predicted." : `Not so: "${choices[right]}" is right.`} ${why}`;
      begin({ ...TSNE_DEFAULTS, ...settings }, said.textContent);
    };
    const button = textButton("Look", look, { disabled: true });
    const options = choices.map((choice, k) => {
      const onchange = () => {
        predicted = k;
        button.disabled = false;
      };
      return element("label", {}, element("input", { type: "radio", name: `tsne-question-${number}`, onchange }), ` ${choice}`);
    });
    return element("li", { class: "task" }, element("fieldset", {}, element("legend", { text }), ...options), button, said);
  });
  host.append(element("ol", { class: "questions" }, ...cards));
}
