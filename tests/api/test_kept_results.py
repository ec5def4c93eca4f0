"""What a report and the analyses behind it keep: nothing is computed twice, and nothing stale or damaged is shown."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load, save

import cutaway as ct
from cutaway.context import RunContext
from cutaway.errors import CutawayWarning, UnknownNameError
from cutaway.progress import ignore_progress
from cutaway.report.explorer.columns import sample_columns
from cutaway.runs import KeptResult, kept, result_name
from cutaway.topics.common.predictions import probabilities
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.activations import layer_activations
from cutaway.topics.embedding.passes import SharedPasses
from cutaway.topics.findings.evidence import evidence_of


def refuse(*arguments, **settings):
    raise AssertionError("something was computed")


@pytest.fixture(scope="module")
def small(ready_run, tmp_path_factory):
    """A small run with the results of `analyses_of`."""
    path = tmp_path_factory.mktemp("small") / "run"
    run = ct.open_run(shutil.copytree(ready_run("other").path, path, ignore=shutil.ignore_patterns("results")))
    analyses_of(run)
    return run


@pytest.fixture
def copy(small, tmp_path):
    """A copy of it whose results may be damaged."""
    return ct.open_run(shutil.copytree(small.path, tmp_path / "run"))


@pytest.fixture(scope="module")
def reported(ready_run, tmp_path_factory):
    """A small run with everything that its report keeps, and that report."""
    folder = tmp_path_factory.mktemp("kept")
    run = ct.open_run(shutil.copytree(ready_run("other").path, folder / "run"))
    return run, run.report(folder / "first.html", progress=False).read_bytes()


@pytest.fixture
def copy_of_reported(reported, tmp_path):
    return ct.open_run(shutil.copytree(reported[0].path, tmp_path / "run"))


def damage(run, kind, change):
    """Change the arrays of a kept result; return how many files there were of this kind."""
    files = sorted((run.path / "results").glob(f"{kind}-*.safetensors"))
    for file in files:
        arrays = dict(load(file.read_bytes()))
        record = json.loads(arrays.pop("record").tobytes())
        record = change(record, arrays) or record
        text = np.frombuffer(json.dumps(record).encode(), np.uint8)
        file.write_bytes(save({"record": text, **{name: np.ascontiguousarray(a) for name, a in arrays.items()}}))
    return len(files)


@pytest.mark.exhaustive
def test_a_second_report_computes_nothing_and_is_the_same(reported, tmp_path, monkeypatch):
    run, first = reported
    monkeypatch.setattr(RunContext, "build_model", refuse)
    for name in ("embed", "embed_next", "layer_neighbors"):
        monkeypatch.setattr(f"cutaway.topics.embedding.sequence_steps.{name}", refuse)
    monkeypatch.setattr("cutaway.neighbors.nearest_neighbors", refuse)
    again = ct.open_run(run.path)
    before = {file: file.stat().st_mtime_ns for file in (run.path / "results").iterdir()}
    second = again.report(tmp_path / "second.html", progress=False).read_bytes()
    assert second == first
    assert {file: file.stat().st_mtime_ns for file in (run.path / "results").iterdir()} == before


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_second_report_loads_no_keras(reported, tmp_path):
    code = f"""import sys, cutaway
cutaway.open_run({str(reported[0].path)!r}).report({str(tmp_path / "a.html")!r}, progress=False)
assert not {{"keras", "jax", "numba"}} & sys.modules.keys()"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.exhaustive
def test_deleting_results_loses_only_time(reported, copy_of_reported, tmp_path):
    shutil.rmtree(copy_of_reported.path / "results")
    assert copy_of_reported.report(tmp_path / "again.html", progress=False).read_bytes() == reported[1]


def analyses_of(run):
    return {
        "layers": list(run.layers()),
        "layer-history": list(run.layer_history(samples=300, progress=False).records),
        "units": run.units("dense_1", progress=False).to_pandas().to_dict("list"),
        "influence": [each.to_pandas().to_dict("list") for each in run.influence(["sample[3]"])],
        "probabilities": run.predictions().tolist(),
        "facts": [str(each) for each in run.findings(progress=False)],
        "temperature": run.calibration().temperature.value,
    }


def test_kept_analyses_are_those_that_were_computed(copy, monkeypatch):
    shutil.rmtree(copy.path / "results")
    computed = analyses_of(copy)
    monkeypatch.setattr(RunContext, "build_model", refuse)
    read = analyses_of(ct.open_run(copy.path))
    np.testing.assert_equal(read, computed)


WRONG = {
    "facts ": lambda record, arrays: {**record, "class_counts": {**record["class_counts"], "val": [10**30] * 10}},
    "facts": lambda record, arrays: {**record, "class_counts": {**record["class_counts"], "val": [1, -1]}},
    "layers": lambda record, arrays: record[:1],
    "layer-history": lambda record, arrays: {
        **record,
        "layers": [{**each, "probe_accuracy": float("nan")} for each in record["layers"]],
    },
    "units": lambda record, arrays: arrays.update(top_samples=arrays["top_samples"] + 10**6),
    "influence": lambda record, arrays: [{**each, "target": "no class"} for each in record],
    "temperature": lambda record, arrays: {**record, "value": 1e-50},
    "probabilities": lambda record, arrays: arrays.update(probabilities=arrays["probabilities"] * 3),
}


QUICK = ["facts", "units", "influence", "probabilities"]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in QUICK else pytest.mark.exhaustive) for kind in WRONG]
)
def test_a_result_that_cannot_be_right_is_computed_again(kind, copy):
    computed = analyses_of(copy)
    assert damage(copy, kind.strip(), WRONG[kind])
    with pytest.warns(CutawayWarning, match=f"{kind.strip()}-"):
        np.testing.assert_equal(analyses_of(ct.open_run(copy.path)), computed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_equal(analyses_of(ct.open_run(copy.path)), computed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["neighbors", "network", "layers", "units", "influence", "layer-history"])
def test_a_report_of_damaged_results_is_the_same(kind, copy_of_reported, reported, tmp_path):
    for file in (copy_of_reported.path / "results").glob(f"{kind}-*"):
        file.write_bytes(file.read_bytes()[:-9])
    with pytest.warns(CutawayWarning, match=f"{kind}-"):
        again = copy_of_reported.report(tmp_path / "again.html", progress=False).read_bytes()
    assert again == reported[1]


@pytest.mark.exhaustive
def test_a_folder_that_cannot_be_written_has_its_report_and_says_so_once(
    copy_of_reported, reported, tmp_path, monkeypatch
):
    for file in (copy_of_reported.path / "results").glob("*.safetensors"):
        file.unlink()

    def refuses(path, data):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("cutaway.runs.results.write_atomic", refuses)
    with pytest.warns(CutawayWarning, match="results") as said:
        again = copy_of_reported.report(tmp_path / "again.html", progress=False).read_bytes()
    assert len(said) == 1
    assert again == reported[1]


def folder_of(**changes):
    """What `result_name` reads of a run folder."""
    given = {"sha256": "a", "scale": 255.0, "names": ("0", "1"), "relabeled": None, "split": {"a": 1}, "spec": {"b": 2}}
    given = given | {"weights": "c"} | changes
    record = SimpleNamespace(
        sha256=given["sha256"], scale=given["scale"], class_names=given["names"], relabeled=given["relabeled"]
    )
    model = SimpleNamespace(to_record=lambda: given["spec"])
    manifest = SimpleNamespace(check=lambda part: None, dataset=record, model=model, split=given["split"])
    digest = SimpleNamespace(hexdigest=lambda: given["weights"])
    return SimpleNamespace(manifest=manifest, snapshot_digest=lambda epoch: digest)


def test_a_name_changes_with_everything_that_decides_the_result():
    changes = [
        {"sha256": "b"},
        {"scale": 1.0},
        {"names": ("0", "2")},
        {"relabeled": {"test[7]": "1"}},  # a person decided so
        {"split": {"a": 2}},
        {"spec": {"b": 3}},
        {"weights": "d"},
    ]
    names = [result_name(folder_of(**change), "x", epochs=[3], decides=[1]) for change in [{}, *changes]]
    names += [result_name(folder_of(), "x", epochs=[3], decides=[2])]
    names += [
        result_name(folder_of(), "x", epochs=[2, 3], decides=[1]),
        result_name(folder_of(), "y", epochs=[3], decides=[1]),
    ]
    assert len(set(names)) == len(names)
    assert names[0] == result_name(folder_of(), "x", epochs=[3], decides=[1])
    assert re.fullmatch(r"x-epoch-0003-[0-9a-f]{16}\.safetensors", names[0])


@pytest.mark.parametrize(
    "settings",
    [{"split": "val"}, {"samples": 200}, {"epochs": [0, 3]}],
)
def test_other_settings_are_other_results(settings, copy):
    folder = copy.path / "results"
    before = set(folder.iterdir())
    copy.layer_history(**{"samples": 360, "progress": False} | settings)
    assert len(set(folder.iterdir()) - before) == 1


def test_influence_on_new_samples_leaves_nothing_in_the_folder(copy):
    before = set((copy.path / "results").iterdir())
    copy.influence(np.full((1, 8, 8), 8, np.float32))
    assert set((copy.path / "results").iterdir()) == before


def test_findings_claim_nothing_of_weights_that_are_no_numbers(digits_run, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(digits_run.path, path)
    run = ct.open_run(path)
    snapshot = sorted((path / "snapshots").iterdir())[-2]
    arrays = load(snapshot.read_bytes())
    name = next(name for name, array in arrays.items() if "dense" in name and array.ndim == 2)
    arrays[name] = np.full_like(arrays[name], np.nan)
    snapshot.write_bytes(save(arrays))
    sizes = evidence_of(run.context, layers=run.layers).weights
    assert len(sizes) == 2, "of three layers"
    assert all(np.isfinite(each.updates).all() for each in sizes.values())


def test_arrays_of_another_kind_are_no_results():
    found = KeptResult(arrays={"a": np.array([1, 5])})
    assert found.array("a", np.int64, 2, low=1, high=5) is found.arrays["a"]
    for wrong in [("a", np.int32, 2), ("a", np.int64, 3), ("a", np.int64, 2, 1)]:
        with pytest.raises(ValueError, match="a is int64"):
            found.array(*wrong)
    with pytest.raises(ValueError, match="outside"):
        found.array("a", np.int64, 2, low=2)
    with pytest.raises(KeyError):
        found.array("b", np.int64, 2)


def test_a_result_comes_back_as_it_was(copy):
    value = KeptResult({"a": [1, None, 0.1]}, {"b": np.array([[np.nan, 1]], np.float32), "c": np.array([True])})
    given = {"read": lambda found: found, "write": lambda found: found}
    kept(copy.context.folder, "x.safetensors", compute=lambda: value, **given)
    found = kept(copy.context.folder, "x.safetensors", compute=refuse, **given)
    assert found.record == value.record
    np.testing.assert_equal(dict(found.arrays), dict(value.arrays))


def test_one_pass_gives_what_each_layer_gives_alone(copy):
    context, ids = copy.context, copy.split.test
    passes = SharedPasses(context, ids, ["input", "dense_1", "output"])
    shutil.rmtree(copy.path / "results")
    for epoch in (3, 1):
        for layer in ("input", "dense_1", "output"):
            alone = layer_activations(context, layer, ids, epoch=epoch)
            np.testing.assert_array_equal(passes.activations(layer, epoch), alone)
    files = sorted((copy.path / "results").glob("probabilities-*"))
    assert len(files) == 2
    found = [probabilities(context, ids, epoch=epoch) for epoch in (1, 3)]
    shutil.rmtree(copy.path / "results")
    np.testing.assert_array_equal(found, [copy.predictions(epoch=1), copy.predictions(epoch=3)])


@pytest.mark.parametrize("split", ["train", "val", "test", "all"])
def test_the_explorer_shows_the_samples_of_a_split(split, small):
    run = small
    source = ReportSource(run.context, ignore_progress, split)
    assert source.shown.names() == run.split.part(split).names()
    assert source.split == "test"
    columns = sample_columns(source, [0, 3], SimpleNamespace(misplaced=None))
    (column,) = (column for column in columns if column.key == "split")
    parts = ["train", "val", "test"]
    expected = [k for k, part in enumerate(parts) if split in (part, "all") for _ in run.split.part(part).index]
    assert column.values[0].tolist() == expected
    assert column.names == ("training", "validation", "test")


def test_without_a_split_there_is_no_column_of_it(small):
    source = ReportSource(small.context, ignore_progress)
    columns = sample_columns(source, [0, 3], SimpleNamespace(misplaced=None))
    assert "split" not in [column.key for column in columns]


@pytest.mark.exhaustive
def test_the_caption_says_what_is_left_out(reported, tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.topics.common.source.MOST_OF_SPLIT", 100)
    html = ct.open_run(reported[0].path).report(tmp_path / "a.html", split="train", progress=False).read_text()
    assert "100 of 1,077 training samples (977 " in html


def test_a_split_that_there_is_not(small, tmp_path):
    with pytest.raises(UnknownNameError):
        small.report(tmp_path / "a.html", split="tests")
