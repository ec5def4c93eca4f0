"""What the playground does without a page, in Node: sessions, addresses, CSV files, and the code that it shows."""

import csv
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .node import run_script

SESSION = {"playground/session.js": "Session", "playground/fields.js": "DEFAULTS"}
FIELDS = {"playground/fields.js": "DEFAULTS, FIELDS, fromAddress, toAddress"}
CSV = {"playground/csv.js": "parseCsv, samplesFromCsv"}
CODE = {"playground/python.js": "cutawayCode, kerasCode", **SESSION}


def test_a_branch_goes_on_from_any_moment_and_the_first_one_stays_as_it_was():
    body = """
      const session = new Session({ ...DEFAULTS, optimizer: "sgd" });
      const weights = () => session.training.network.parameters.slice();
      session.learn({ steps: 60 });
      const end = weights();
      session.goTo(0, 20);
      const early = weights();
      session.change({ ...session.settings, learningRate: 0.5 }, "learning rate 0.5");
      session.learn({ steps: 30 });
      const branched = weights();
      const { branches, branch } = session.toFrame();
      session.goTo(0, 60);
      const again = weights();
      const rate = session.settings.learningRate;
      session.goTo(1, 50);
      const lateRate = session.settings.learningRate;
      return { end, early, branched, again, rate, late: weights(), lateRate, branches, branch };
    """
    found = run_script(body, imports=SESSION)
    np.testing.assert_array_equal(found["end"], found["again"])
    np.testing.assert_array_equal(found["branched"], found["late"])
    assert not np.array_equal(found["end"], found["early"])
    assert (found["rate"], found["lateRate"], found["branch"]) == (0.01, 0.5, 1)
    first, second = found["branches"]
    assert (first["firstStep"], first["lastStep"], first["parent"]) == (0, 60, -1)
    assert (second["firstStep"], second["lastStep"], second["parent"]) == (20, 50, 0)
    assert second["change"] == "learning rate 0.5"
    assert [row[0] for row in first["curve"]] == list(range(61))


def test_a_weight_and_a_unit_that_a_person_changes_make_a_branch_each():
    body = """
      const session = new Session(DEFAULTS);
      session.learn({ steps: 5 });
      session.setWeight({ layer: 0, input: 1, unit: 3, value: 2.5 });
      session.setWeight({ layer: 1, input: null, unit: 0, value: -1 });
      session.switchUnit(1, 4);
      const { network } = session.training;
      const [weight, bias, off] = [network.layers[0].kernel[8 + 3], network.layers[1].bias[0], network.off[1][4]];
      session.goTo(0, 5);
      const back = session.training.network;
      return {
        weight, bias, off, changes: session.branches.map(({ change }) => change),
        before: [back.layers[0].kernel[8 + 3], back.layers[1].bias[0], back.off[1][4]],
      };
    """
    found = run_script(body, imports=SESSION)
    assert (found["weight"], found["bias"], found["off"]) == (2.5, -1, 1)
    assert found["changes"] == ["", "a weight", "a weight", "a unit off"]
    assert found["before"][0] != 2.5
    assert found["before"][2] == 0


def test_branches_are_limited_and_any_but_the_first_is_removed():
    body = """
      const session = new Session(DEFAULTS);
      session.learn({ steps: 4 });
      const parameters = () => session.training.network.parameters.slice();
      const begin = (rate) => session.change({ ...session.settings, learningRate: rate }, `learning rate ${rate}`);
      for (let k = 1; k < MAX_BRANCHES; k++) {
        if (k === 4) session.goTo(1, 4);
        begin(k / 100);
        session.learn({ steps: k });
      }
      const attempt = (act) => {
        try { act(); return null; } catch (error) { return [error.name, error.message]; }
      };
      const before = parameters();
      const edit = { layer: 0, input: 0, unit: 0, value: 9 };
      const acts = [() => begin(0.5), () => session.setWeight(edit), () => session.switchUnit(0, 0)];
      const refused = acts.map(attempt);
      const [same, rate] = [parameters(), session.settings.learningRate];
      const kept = attempt(() => session.removeBranch(0))?.[0];
      session.removeBranch(3);
      const { branch, branches } = session.toFrame();
      session.removeBranch(branches[branch].id);
      session.removeBranch(3);  // which is gone already, as is what begins here
      session.goTo(3, 4);
      const shown = session.toFrame();
      session.goTo(shown.branches[shown.branch].id, branches[branch].firstStep);
      return { before, same, rate, refused, kept, branch, branches, shown, at: parameters() };
    """
    found = run_script(body, imports={**SESSION, "playground/timeline.js": "MAX_BRANCHES"})
    assert [each[0] for each in found["refused"]] == ["RangeError"] * 3
    np.testing.assert_array_equal(found["before"], found["same"])
    assert found["rate"] == 0.07
    assert found["kept"] == "RangeError", "the first one"
    assert found["branch"] == 6
    assert [each["parent"] for each in found["branches"]] == [-1, 0, 1, 1, 3, 4, 5]
    rates = [each["settings"]["learningRate"] for each in found["branches"]]
    assert rates == [0.01, 0.01, 0.02, 0.04, 0.05, 0.06, 0.07]
    assert found["shown"]["branch"] == 5
    assert found["shown"]["step"] == found["branches"][6]["firstStep"]
    np.testing.assert_array_equal(found["shown"]["parameters"], found["at"])


def test_a_branch_is_removed_from_the_middle_of_a_chain_and_brought_back():
    body = """
      const session = new Session(DEFAULTS);
      const begin = (rate) => session.change({ ...session.settings, learningRate: rate }, `learning rate ${rate}`);
      session.learn({ steps: 4 });
      for (const rate of [0.1, 0.2, 0.3]) {
        begin(rate);
        session.learn({ steps: 3 });
      }
      const look = () => {
        const frame = session.toFrame();
        const parents = frame.branches.map(({ parent }) => parent);
        return { path: curveOf(frame), parents, parameters: frame.parameters };
      };
      const before = look();
      session.removeBranch(1);
      const one = look();
      session.removeBranch(2);
      const both = look();
      session.goTo(3, 11);
      session.goTo(3, Infinity);
      const later = look();
      session.restoreBranch();
      session.restoreBranch();
      session.restoreBranch();
      return { before, one, both, later, after: look() };
    """
    found = run_script(body, imports={**SESSION, "playground/timeline.js": "curveOf"})
    assert [row[0] for row in found["before"]["path"]] == list(range(14))
    for name in ("one", "both", "later", "after"):
        assert found[name]["path"] == found["before"]["path"], "the curve of a branch that stays is whole"
        np.testing.assert_array_equal(found[name]["parameters"], found["before"]["parameters"])
    parents = [found[name]["parents"] for name in ("before", "one", "both", "after")]
    assert parents == [[-1, 0, 1, 2], [-1, 0, 1], [-1, 0], [-1, 0, 1, 2]]


def test_a_weight_that_is_tried_is_in_one_frame_and_nowhere_else():
    body = """
      const edit = { layer: 0, input: 1, unit: 3, value: 2.5 };
      const [session, other] = [new Session(DEFAULTS), new Session(DEFAULTS)];
      session.learn({ steps: 5 });
      other.learn({ steps: 5 });
      session.tryWeight(edit);
      const tried = session.toFrame();
      const after = session.toFrame();
      const before = other.toFrame();
      other.setWeight(edit);
      const set = other.toFrame();
      session.learn({ steps: 3 });
      other.goTo(0, 5);
      other.learn({ steps: 3 });
      return { tried, after, before, set, end: session.toFrame(), same: other.toFrame() };
    """
    found = run_script(body, imports=SESSION)
    tried, after, before, made = (found[name] for name in ("tried", "after", "before", "set"))
    assert (tried["isTried"], after["isTried"], tried["isLight"]) == (True, False, True)
    assert [len(found[name]["branches"]) for name in ("tried", "after", "set", "end")] == [1, 1, 2, 1]
    assert tried["train"] == made["train"] != before["train"] == after["train"]
    for name, expected in (("tried", made), ("after", before), ("end", found["same"])):
        for part in ("parameters", "gradient"):
            np.testing.assert_array_equal(found[name][part], expected[part])
        np.testing.assert_array_equal(found[name]["drawing"]["lines"], expected["drawing"]["lines"])


def test_a_network_whose_scores_take_long_is_not_light():
    body = "return new Session({ ...DEFAULTS, samples: 5000, hidden: [128, 128] }).toFrame().isLight;"
    assert not run_script(body, imports=SESSION)


@pytest.mark.parametrize(
    ("changes", "drawn"),
    [
        ({}, {"regions", "areas", "lines"}),
        ({"activation": "tanh"}, {"areas", "lines"}),
        ({"data": "saddle"}, {"regions", "areas", "lines"}),
        ({"data": "ripple", "activation": "gelu"}, {"areas", "lines"}),
        ({"data": "sine"}, {"regions"}),
        ({"data": "step", "activation": "sigmoid"}, set()),
        ({"hidden": []}, {"regions", "areas", "lines"}),
        ({"learningRate": 1e38, "optimizer": "sgd"}, set()),
    ],
)
def test_what_is_drawn(changes, drawn):
    body = """
      const session = new Session({ ...DEFAULTS, ...data });
      session.learn({ steps: 40 });
      const { drawing, isFinite, parameters, step } = session.toFrame();
      const sizes = drawing.responses.map(({ length }) => length);
      const { regions, areas, lines } = drawing;
      const has = { regions: Boolean(regions), areas: Boolean(areas), lines: lines.length > 0 };
      return { has, sizes, isFinite, step };
    """
    found = run_script(body, changes, imports=SESSION)
    assert {name for name, is_there in found["has"].items() if is_there} == drawn
    assert found["isFinite"] == ("learningRate" not in changes)
    assert found["step"] == 40 or not found["isFinite"]
    points = 128 if changes.get("data") in ("sine", "step") else 1024
    hidden = changes.get("hidden", [8, 8])
    assert found["sizes"] == [points * units for units in (*hidden, 1 if changes.get("data") else 2)]


def test_settings_come_back_from_an_address():
    body = """
      const changes = { data: "spirals", classes: 3, hidden: [5, 4, 3], learningRate: 0.003, noise: 0, dropout: 0.25 };
      const settings = { ...DEFAULTS, ...changes };
      const address = toAddress(settings);
      return { address, settings, back: fromAddress(address), first: toAddress(DEFAULTS), empty: fromAddress("") };
    """
    found = run_script(body, imports=FIELDS)
    assert found["back"] == {"settings": found["settings"], "refused": []}
    assert found["first"] == ""
    assert found["empty"]["refused"] == []


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=8))
def test_an_address_of_anything_gives_settings_in_their_ranges(pairs):
    body = """
      const names = [...Object.keys(FIELDS), "hidden"];
      const given = data.pairs.map(([name, value], k) => [k % 2 ? names[k % names.length] : name, value]);
      const { settings, refused } = fromAddress(String(new URLSearchParams(given)));
      const wrong = Object.keys(FIELDS).filter((name) => readField(FIELDS[name], String(settings[name])) === null);
      const kinds = Object.values(settings).map((value) => typeof value);
      return { wrong, refused, names: Object.keys(settings), kinds };
    """
    found = run_script(body, {"pairs": pairs}, imports=FIELDS | {"core/fields.js": "readField"})
    assert found["wrong"] == []
    assert len(found["names"]) == 16
    assert set(found["kinds"]) == {"string", "number", "object"}


def test_what_an_address_cannot_say_is_named():
    body = (
        'return fromAddress("samples=1e9&hidden=8-999&data=nothing&__proto__=1&classes=2.5&seed=&noise=0.2").refused;'
    )
    refused = run_script(body, imports=FIELDS)
    assert refused == ["samples=1e9", "hidden=8-999", "data=nothing", "__proto__=1", "classes=2.5", "seed="]


def test_a_message_names_a_few_of_a_million_settings():
    body = """
      const { refused } = fromAddress(String(new URLSearchParams({ hidden: Array(1e6).fill(8).join("-") })));
      const names = Array.from({ length: 1e5 }, (_, k) => [`x${k}`, "1"]);
      return [refusedList(refused), refusedInWords(fromAddress(String(new URLSearchParams(names))).refused)];
    """
    of_layers, of_names = run_script(body, imports={**FIELDS, "core/fields.js": "refusedInWords, refusedList"})
    assert of_layers.startswith("hidden=8-8-8")
    assert len(of_layers) < 100
    assert "x0=1" in of_names
    assert "99995 more" in of_names
    assert len(of_names) < 300


CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6))
def test_a_csv_file_is_read_as_python_reads_it(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    found = run_script("return parseCsv(data.text, ',');", {"text": text.getvalue()}, imports=CSV)
    expected = list(csv.reader(io.StringIO(text.getvalue())))
    # lines without any text are left out; what JavaScript calls white space differs in rare signs
    assert found == [row for row in expected if any(cell.strip("\ufeff \t\n\v\f\xa0") for cell in row)] or any(
        cell.isspace() for row in rows for cell in row
    )


def test_columns_of_a_file_are_standardized_and_classes_sorted():
    rng = np.random.default_rng(0)
    x, y = rng.normal(5, 3, (40, 2)), rng.choice(["b", "a, c", "10"], 40)
    lines = [f'{a:.6f};{b:.6f};"{label}"' for (a, b), label in zip(x, y, strict=True)]
    found = run_script(
        "return samplesFromCsv(data.text);", {"text": "\ufeffwide;tall;kind\r\n" + "\r\n".join(lines)}, imports=CSV
    )
    rows = np.array(found["rows"])
    np.testing.assert_allclose(rows[:, :2], (x - x.mean(axis=0)) / x.std(axis=0), atol=1e-5)
    assert found["classNames"] == ["10", "a, c", "b"]
    assert [found["classNames"][int(k)] for k in rows[:, 2]] == y.tolist()
    assert found["columns"] == ["wide", "tall", "kind"]


@pytest.mark.parametrize("head", ["breit;hoch;Art", None])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_file_with_decimal_commas_is_read_as_one_with_points(head, separator):
    lines = [f"{k / 8};{-k * k / 4};{'ab'[k % 2]}" for k in range(12)]
    texts = ["\n".join([*([head] if head else []), *lines]).replace(";", separator)]
    texts.append(texts[0].replace(".", ","))
    points, commas = run_script("return data.texts.map(samplesFromCsv);", {"texts": texts}, imports=CSV)
    assert (points["hasCommas"], commas["hasCommas"]) == (False, True)
    assert commas["rows"] == points["rows"]
    assert commas["columns"] == points["columns"] == (head or "column 1;column 2;column 3").split(";")


def test_inputs_keep_the_names_of_their_columns():
    body = """
      const own = { rows: data.rows, classNames: ["a", "b"], inputNames: ["wide", "tall"] };
      const { train, test } = trainAndTest({ ...DEFAULTS, data: "file" }, own);
      return [inputName(train, 1), inputName(test, 0), inputName(trainAndTest(DEFAULTS, null).train, 0)];
    """
    imports = {"playground/data_sets.js": "inputName, trainAndTest", "playground/fields.js": "DEFAULTS"}
    rows = [[k, -k, k % 2] for k in range(12)]
    assert run_script(body, {"rows": rows}, imports=imports) == ["2: tall", "1: wide", "1"]


GOOD = "\n".join(f"{k},{k % 7},{k % 2}" for k in range(12))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ""),
        ("1\n2\n3", "1 column"),
        ("1,2,0\n3,4,1", "has 2"),
        (GOOD.replace("5,5,1", "5,1"), "line 6"),
        (GOOD.replace("5,5,1", "5,x,1"), '"x" in column 2'),
        (GOOD.replace("5,5,1", "5,Infinity,1"), '"Infinity"'),
        (GOOD.replace("5,5,1", "5,5,"), "line 6"),
        ("\n".join(f"{k},1,{k}" for k in range(12)), "12"),
        (",".join("1" * 60) + "\n" + GOOD, "50 columns"),
        ("\n".join(f"{k},1,0" for k in range(12)), "has 1 "),
        (GOOD.replace("5,5,1", '"1,5",5,1'), "semicolons"),
        (GOOD.replace("5,5,1", "1,5,5,1"), "semicolons"),
        (GOOD.replace(",", ";").replace("5;5;1", "1.234,5;5;1"), "thousands"),
        (GOOD.replace("5,5,1", f"5,5,{'x' * 81}"), "80"),
        (f"{'a' * 1000},b,c\n{GOOD}".replace("5,5,1", "x,5,1"), f"in {'a' * 80}."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(text, named):
    body = "try { samplesFromCsv(data.text); return null; } catch (error) { return [error.name, error.message]; }"
    name, message = run_script(body, {"text": text}, imports=CSV)
    assert name == "RangeError"
    assert named in message


CHANGES = {
    "moons": {},
    "spirals, momentum": {
        "data": "spirals",
        "classes": 3,
        "optimizer": "sgd",
        "learningRate": 0.05,
        "momentum": 0.9,
        "seed": 5,
    },
    "tanh, one layer": {"data": "circles", "hidden": [6], "activation": "tanh", "batchSize": 17},
}
ONLY_KERAS = {
    "he, decay": {"data": "xor", "initializer": "he_uniform", "weightDecay": 0.05, "activation": "leaky_relu"},
    "squared error": {"data": "blobs", "classes": 4, "loss": "mean_squared_error", "activation": "gelu"},
    "a function": {"data": "sine", "activation": "silu", "hidden": [7, 5]},
    "a surface": {"data": "saddle", "noise": 0.3, "activation": "leaky_relu", "hidden": [6], "learningRate": 0.02},
}


def _losses(changes, epochs):
    """The mean losses of epochs in the page, and the code that it shows."""
    body = """
      const settings = { ...DEFAULTS, samples: 200, ...data.changes };
      const { training } = new Session(settings);
      const losses = Array.from({ length: data.epochs }, () => {
        let total = 0;
        do {
          const count = training.nextRows().length;
          total += count * training.learn();
        } while (training.step % training.stepsPerEpoch);
        return total / training.train.y.length;
      });
      return { losses, ours: cutawayCode(settings, data.epochs), keras: kerasCode(settings, data.epochs) };
    """
    return run_script(body, {"changes": changes, "epochs": epochs}, imports=CODE)


def _run(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    return names


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CHANGES)
def test_the_lines_for_cutaway_have_the_losses_of_the_page(name, tmp_path, monkeypatch, capsys):
    epochs = 12
    found = _losses(CHANGES[name], epochs)
    names = _run(found["ours"], tmp_path, monkeypatch)
    capsys.readouterr()
    np.testing.assert_allclose(found["losses"], [row["loss"] for row in names["run"].history.rows], rtol=0, atol=1e-5)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [*CHANGES, *ONLY_KERAS])
def test_the_lines_for_keras_have_the_losses_of_the_page(name, tmp_path):
    epochs = 12
    found = _losses({**CHANGES, **ONLY_KERAS}[name], epochs)
    assert (found["ours"] is None) == (name in ONLY_KERAS)
    code = found["keras"].replace("    model.fit(", "    losses = globals().get('losses', []); fitted = model.fit(")
    code += "\n    losses.append(fitted.history['loss'][0])\nprint(losses)"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    losses = [float(value) for value in done.stdout.splitlines()[-1].strip("[]").split(",")]
    np.testing.assert_allclose(found["losses"], losses, rtol=0, atol=1e-5)


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.exhaustive) for k in (1, 2))])
def test_a_worker_that_answers_late_loses_nothing_of_the_past(seed):
    """Whatever a person clicks, with a page that shows branches of before: no error, and every curve is whole."""
    body = """
      let state = data.seed + 1;
      const below = (n) => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * n);
      globalThis.document = { hidden: false, addEventListener() {} };
      const [sessions, asked, errors] = [[], [], []];
      let answer;
      const worker = {
        addEventListener: (kind, listener) => (kind === "message" ? (answer = listener) : null),
        postMessage: (call) => asked.push(call),
      };
      const work = ({ number, calls }) => {
        try {
          for (const [name, ...values] of calls) {
            if (name === "start") sessions.push(new Session(...values));
            else if (name === "back") sessions.pop();
            else sessions.at(-1)[name](...values);
          }
          return { number, frame: sessions.at(-1).toFrame() };
        } catch (error) {
          errors.push(String(error));
          return { number, error: String(error) };
        }
      };
      const wait = () => { while (asked.length) answer({ data: work(asked.shift()) }); };
      const page = new Controller(worker, { ...DEFAULTS, hidden: [3], samples: 40 }, null);
      wait();
      const any = () => page.state.frame?.branches[below(page.state.frame.branches.length)].id ?? 0;
      const acts = [
        () => page.change({ learningRate: 0.01 * (1 + below(4)) }),
        () => page.change({ learningRate: 0.05 * (1 + below(4)) }),
        () => { const id = any(); if (id) page.removeBranch(id); },
        () => { const id = any(); if (id) page.removeBranch(id); },
        () => page.undo(),
        () => page.goTo(any(), below(60)),
        () => page.step(below(2) ? "batch" : "epoch"),
        () => (below(6) ? null : page.restart()),
      ];
      const curves = [];
      for (let k = 0; k < 300; k++) {
        acts[below(acts.length)]();
        if (below(2)) continue;
        wait();
        const { branches } = page.state.frame;
        for (let branch = 0; branch < branches.length; branch++) {
          const steps = curveOf({ branch, branches }).map(([step]) => step);
          curves.push(steps[0] === 0 && steps.every((step, at) => !at || step > steps[at - 1]));
        }
      }
      return { errors, curves: curves.length, whole: curves.every(Boolean) };
    """
    imports = {
        **SESSION,
        "playground/controller.js": "Controller",
        "playground/timeline.js": "curveOf",
    }
    found = run_script(body, {"seed": seed}, imports=imports)
    assert found["errors"] == []
    assert found["curves"] > 100
    assert found["whole"]
