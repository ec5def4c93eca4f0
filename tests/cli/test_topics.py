"""Each command that looks at a run answers `--json` with the numbers that Python has, and prints them for people."""

import json

import numpy as np
import pytest

import cutaway as ct

RUN = "RUN"

SAID = {
    "show": ((RUN,), lambda said: said["per_class"]["classes"], lambda run: run.per_class().summaries()),
    "show history": ((RUN,), lambda said: (said["history"], said["test"]), lambda run: (run.history.rows, run.test)),
    "runs": (
        ("RUNS",),
        lambda said: [(row["run"], row["test_accuracy"]) for row in said],
        lambda run: [(run.path.name, run.test["accuracy"])],
    ),
    "layers": (
        (RUN, "--layer", "dense_1", "--epoch", "2"),
        lambda said: [(row["name"], row["dead"]) for row in said["layers"]],
        lambda run: [("dense_1", next(each.dead for each in run.layers(epoch=2) if each.name == "dense_1"))],
    ),
    "layers history": (
        (RUN, "--history", "--layer", "dense_2"),
        lambda said: [row["probe_accuracy"] for row in said["layers"]],
        lambda run: [each.probe_accuracy for each in run.layer_history(progress=False).of("dense_2").records],
    ),
    "units": (
        (RUN, "--layer", "dense_1", "--sort", "selectivity"),
        lambda said: [each["unit"] for each in said["units"]],
        lambda run: run.units("dense_1", progress=False).order("selectivity"),
    ),
    "samples": (
        (RUN, "--split", "test", "--sort", "forgotten"),
        lambda said: said["samples"],
        lambda run: list(run.dynamics(split="test").hardest(sort="forgotten").records()),
    ),
    "explain": (
        (RUN, "test[3]"),
        lambda said: (said["sample"], [part["input"] for part in said["contributions"]]),
        lambda run: (run.split.test.take([3]).names()[0], run.explain("test[3]").to_pandas()["input"].tolist()),
    ),
    "embed": (
        (RUN, "--split", "test", "--perplexity", "12", "--max-iter", "260"),
        lambda said: (said["kl_divergence"], said["settings"]["max_iter"], said["file"]),
        lambda run: (lambda found: (found.layout.kl_divergence, 260, str(found.file)))(
            run.embed(split="test", perplexity=12, max_iter=260, progress=False)
        ),
    ),
    "confidence": (
        (RUN, "--accuracy", "0.9"),
        lambda said: (said["split"], said["coverage"]["targets"]),
        lambda run: ("test", run.coverage(accuracy=0.9).summaries()),
    ),
    "confidence thresholds": (
        (RUN, "--positive", "8", "--miss", "5"),
        lambda said: (said["thresholds"]["positive"], said["thresholds"]["chosen"]["threshold"]),
        lambda run: ("8", run.thresholds(positive="8", cost=[[0, 1], [5, 0]]).chosen.threshold),
    ),
    "compare": ((RUN, "OTHER"), lambda said: said, lambda run: None),
    "doctor": (
        (RUN,),
        lambda said: [each["kind"] for each in said["findings"]],
        lambda run: [each.kind for each in ct.doctor(run, progress=False).findings],
    ),
}


@pytest.mark.parametrize("command", SAID)
def test_json_has_the_numbers_of_python_and_people_get_a_table(cutaway, digits_run, ready_run, command):
    arguments, pick, expected = SAID[command]
    paths = {RUN: digits_run.path, "RUNS": digits_run.path.parent, "OTHER": ready_run("other").path}
    typed = [command.split()[0], *(paths.get(each, each) for each in arguments)]
    code, out, err = cutaway(*typed, "--json")
    assert code == 0, err
    other = ct.compare(digits_run, paths["OTHER"], progress=False).to_json() if command == "compare" else None
    assert json.loads(json.dumps(pick(json.loads(out)))) == json.loads(json.dumps(other or expected(digits_run)))
    code, out, err = cutaway(*typed)
    assert (code, len(out.splitlines()) > 1) == (0, True), err


def test_probabilities_at_a_temperature_are_those_of_python(cutaway, digits_run, tmp_path):
    x = digits_run.data.x(digits_run.split.test)[:5]
    np.save(tmp_path / "new.npy", x)
    for typed, temperature in (("fitted", "fitted"), ("2.5", 2.5)):
        out = cutaway("predict", digits_run.path, "new.npy", "--temperature", typed, "--json")[1]
        found = np.array([list(record["probabilities"].values()) for record in json.loads(out)])
        np.testing.assert_allclose(found, digits_run.predict(x, temperature=temperature), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("layers", RUN, "--layer", "dense_7"), '"dense_7"'),
        (("layers", RUN, "--epoch", "3", "--history"), "--history"),
        (("units", RUN, "--sort", "size"), '"size"'),
        (("confidence", RUN, "--positive", "ten"), "ten"),
        (("learning-curve", RUN, "--shares", "a,b"), "shares"),
        (("explain", RUN, "tset[1]"), "tset[1]"),
        (("report", RUN, "--epochs", "0,x"), "--epochs"),
        (("compare",), "none"),
        (("compare", RUN), "one run"),
        (("compare", RUN, RUN, "--leaderboard", "."), "--leaderboard"),
        (("compare", RUN, RUN, "--epochs", "1"), "(1,)"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_is_wrong_is_named_in_one_line(cutaway, digits_run, tmp_path, arguments, named):
    np.save(tmp_path / "new.npy", np.zeros((1, 8, 8)))
    code, out, err = cutaway(*(digits_run.path if each == RUN else each for each in arguments))
    assert (code, out) == (2, "")
    assert named in err.splitlines()[-1]
