"""What a report and the analyses behind it keep: nothing is computed twice, and nothing stale is shown."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from safetensors.numpy import load, save

import cutaway as ct
from cutaway import cache
from cutaway.context import RunContext
from cutaway.errors import CutawayWarning, DataError, UnknownNameError
from cutaway.jobs.specifications import LiveMap, SectionJob
from cutaway.progress import ignore_progress
from cutaway.report.explorer.columns import sample_columns
from cutaway.runs import RunFolder, write_title
from cutaway.studio.run_index import RunIndex
from cutaway.topics.common.options import MapOptions
from cutaway.topics.common.predictions import probabilities
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.activations import SharedPasses, layer_activations
from cutaway.topics.findings.evidence import evidence_of
from tests.ready_runs import record_untrained


def refuse(*arguments, **settings):
    raise AssertionError("something was computed")


@pytest.fixture(scope="module")
def reported(ready_run, tmp_path_factory):
    """A small run, and its report when nothing was kept before."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder))
        run = ready_run("other")
        return run, run.report(folder / "first.html", progress=False).read_bytes(), folder


@pytest.fixture
def kept(reported, monkeypatch):
    """The run and its report, with what was kept then."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(reported[2]))
    return reported[:2]


@pytest.mark.exhaustive
def test_a_second_report_computes_nothing_and_is_the_same(kept, tmp_path, monkeypatch):
    run, first = kept
    monkeypatch.setattr(RunContext, "build_model", refuse)
    for name in ("embed", "embed_next", "layer_neighbors"):
        monkeypatch.setattr(f"cutaway.topics.embedding.sequence.{name}", refuse)
    monkeypatch.setattr("cutaway.neighbors.nearest_neighbors", refuse)
    again = ct.open_run(run.path)
    second = again.report(tmp_path / "second.html", progress=False).read_bytes()
    assert second == first


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_second_report_loads_no_keras(kept, tmp_path):
    code = f"""import sys, cutaway
cutaway.open_run({str(kept[0].path)!r}).report({str(tmp_path / "a.html")!r}, progress=False)
assert not {{"keras", "jax", "numba"}} & sys.modules.keys()"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


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


def test_kept_analyses_are_those_that_were_computed_and_of_copies_too(ready_run, tmp_path, own_cache, monkeypatch):
    computed = analyses_of(ready_run("other"))
    copy = shutil.copytree(ready_run("other").path, tmp_path / "copy")
    monkeypatch.setattr(RunContext, "build_model", refuse)
    np.testing.assert_equal(analyses_of(ct.open_run(copy)), computed)


@pytest.mark.exhaustive
def test_a_report_without_a_cache_is_the_same_and_says_so_once(reported, own_cache, tmp_path):
    own_cache.parent.mkdir(parents=True)
    own_cache.touch()  # a file in the place of the folder
    with pytest.warns(CutawayWarning) as said:
        again = ct.open_run(reported[0].path).report(tmp_path / "again.html", progress=False).read_bytes()
    assert len(said) == 1
    assert again == reported[1]


def change_json(run, change):
    record = json.loads((run.path / "run.json").read_text())
    change(record)
    (run.path / "run.json").write_text(json.dumps(record))
    return RunFolder.open(run.path)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["dataset"].update(sha256="b"),
        lambda record: record["dataset"].update(scale=1.0),
        lambda record: record["dataset"].update(class_names=[f"n{k}" for k in range(10)]),
        lambda record: record["dataset"].update(relabeled={"test[7]": "1"}),
        lambda record: record["dataset"]["origin"].update(options='{"id": "who"}'),
        lambda record: record["split"].update(seed=9),
        lambda record: record["model"]["layers"][0].update(name="other"),
        lambda record: record["config"].update(batch_size=7),
        lambda record: record.update(sample_weight="a"),
    ],
)
def test_a_key_changes_with_everything_that_decides_the_result(change, copied_run):
    run = copied_run("other")
    assert change_json(run, change).identity(3) != run.folder.identity(3)


def test_a_key_stays_with_what_decides_nothing_and_changes_with_weights(copied_run):
    run = copied_run("other")

    def change(record):
        record.update(name="copy", created="2026-01-01", cost={}, device={})
        record["dataset"]["name"] = "moved"
        record["dataset"]["origin"]["path"] = "/elsewhere"

    before = run.folder.identity(3)
    write_title(run.path, "Mine")
    assert change_json(run, change).identity(3) == before
    assert run.folder.identity(2, 3) != before
    shutil.copy(run.path / "snapshots/epoch-0000.safetensors", run.path / "snapshots/epoch-0003.safetensors")
    assert RunFolder.open(run.path).identity(3) != before


def test_no_key_holds_the_path_of_a_run(ready_run, tmp_path, monkeypatch, own_cache):
    """A copied run needs no new computation, and a folder of runs that was moved keeps its pages."""
    decides, digest = [], cache._digest

    def record(content):
        decides.append(json.dumps(content, sort_keys=True, default=cache._of_array))
        return digest(content)

    def keys_of(path):
        decides.clear()
        run = ct.open_run(path)
        run.findings()
        run.layers()
        run.units("dense_1", samples=100)
        run.layer_history(samples=100, progress=False)
        return {*decides}

    monkeypatch.setattr(cache, "_digest", record)
    (tmp_path / "a").mkdir()
    copy = shutil.copytree(ready_run("other").path, tmp_path / "a" / "run")
    first = keys_of(ready_run("other").path)
    computed = {*own_cache.iterdir()}
    assert len(computed) > 4
    assert keys_of(copy) <= first
    assert {*own_cache.iterdir()} == computed
    jobs = [SectionJob(kind="sections", run="run"), SectionJob(kind="report", run="run"), LiveMap(run="run")]
    before = [RunIndex(tmp_path / "a")._kept.key, *(job.key(tmp_path / "a") for job in jobs)]
    (tmp_path / "a").rename(tmp_path / "b")
    assert [RunIndex(tmp_path / "b")._kept.key, *(job.key(tmp_path / "b") for job in jobs)] == before
    assert not [text for text in decides if str(tmp_path) in text]


@pytest.mark.parametrize("role", ["group", "weight", "time"])
def test_groups_times_and_weights_of_a_table_are_part_of_its_data(role, tmp_path):
    n = np.arange(60)
    columns = [n // 3, n // 3, np.roll(n // 3, 1)]
    frames = [pandas.DataFrame({"a": n % 7 / 2, "label": n % 2, "x": x}) for x in columns]
    first, same, other = [ct.load_dataset(frame, label="label", **{role: "x"}) for frame in frames]
    run = record_untrained(first, tmp_path)
    prepared = other.apply(run.data.preparation)
    np.testing.assert_equal(prepared.sources["train"].x, run.data.sources["train"].x)
    assert ct.open_run(run.path, data=same).data.sha256 == run.data.sha256
    with pytest.raises(DataError):
        ct.open_run(run.path, data=other)
    before = run.folder.identity(0)
    assert change_json(run, lambda record: record["dataset"].update(prepared.to_record())).identity(0) != before


@pytest.mark.parametrize("settings", [{"split": "val"}, {"samples": 200}, {"epochs": [0, 3]}])
def test_other_settings_are_other_results(settings, ready_run, own_cache):
    ready_run("other").layer_history(samples=360, progress=False)
    before = set(own_cache.glob("layer-history-*"))
    ready_run("other").layer_history(**{"samples": 360, "progress": False} | settings)
    assert len(set(own_cache.glob("layer-history-*")) - before) == 1


def test_influence_on_new_samples_leaves_nothing_in_the_cache(ready_run, own_cache):
    ready_run("other").influence(np.full((1, 8, 8), 8, np.float32))
    assert not list(own_cache.glob("influence-*"))


def test_findings_claim_nothing_of_weights_that_are_no_numbers(digits_run, tmp_path):
    path = shutil.copytree(digits_run.path, tmp_path / "run")
    run = ct.open_run(path)
    snapshot = sorted((path / "snapshots").iterdir())[-2]
    arrays = load(snapshot.read_bytes())
    name = next(name for name, array in arrays.items() if "dense" in name and array.ndim == 2)
    arrays[name] = np.full_like(arrays[name], np.nan)
    snapshot.write_bytes(save(arrays))
    known = evidence_of(run.context, layers=run.layers)
    assert len(known.weights) == 2, "of three layers"
    assert all(np.isfinite(each.updates).all() for each in known.weights.values())
    assert sum(known.expected) == pytest.approx(len(run.split.test))


def test_one_pass_gives_what_each_layer_gives_alone(ready_run, own_cache):
    run = ready_run("other")
    context, ids = run.context, run.split.test
    passes = SharedPasses(context, ids, ["input", "dense_1", "output"])
    for epoch in (3, 1):
        for layer in ("input", "dense_1", "output"):
            alone = layer_activations(context, layer, ids, epoch=epoch)
            np.testing.assert_array_equal(passes.activations(layer, epoch), alone)
    assert len(list(own_cache.glob("probabilities-*"))) == 2
    found = [probabilities(context, ids, epoch=epoch) for epoch in (1, 3)]
    shutil.rmtree(own_cache)
    np.testing.assert_array_equal(found, [run.predictions(epoch=1), run.predictions(epoch=3)])


@pytest.mark.parametrize("split", ["train", "val", "test", "all"])
def test_the_explorer_shows_the_samples_of_a_split(split, ready_run):
    run = ready_run("other")
    source = ReportSource(run.context, ignore_progress, MapOptions(split=split))
    assert source.shown.names() == run.split.part(split).names()
    assert source.split == "test"
    columns = sample_columns(source, [0, 3], SimpleNamespace(misplaced=None))
    (column,) = (column for column in columns if column.key == "split")
    parts = ["train", "val", "test"]
    expected = [k for k, part in enumerate(parts) if split in (part, "all") for _ in run.split.part(part).index]
    assert column.values[0].tolist() == expected
    assert column.names == ("training", "validation", "test")


def test_without_a_split_there_is_no_column_of_it(ready_run):
    source = ReportSource(ready_run("other").context, ignore_progress)
    columns = sample_columns(source, [0, 3], SimpleNamespace(misplaced=None))
    assert "split" not in [column.key for column in columns]


@pytest.mark.exhaustive
def test_the_caption_says_what_is_left_out(kept, tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.topics.common.source.MAX_SAMPLES", 100)
    html = ct.open_run(kept[0].path).report(tmp_path / "a.html", split="train", progress=False).read_text()
    assert "100 of 1,077 training samples (977 " in html


def test_a_split_that_there_is_not(ready_run, tmp_path):
    with pytest.raises(UnknownNameError):
        ready_run("other").report(tmp_path / "a.html", split="tests")
