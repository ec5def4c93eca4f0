"""Sweeps in Python: what a trial is, that no test sample is touched, what choosing gained, and wrong calls."""

import errno
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import DataError, RunError, TrainingError, UnknownNameError, UsageError
from cutaway.metrics import selection_gain
from cutaway.page import render
from cutaway.topics.sweeps.words import verdict

SPACE = {"learning_rate": {"low": 0.001, "high": 0.03, "log": True}, "dropout": {"low": 0.0, "high": 0.5}}


def make(runs, **more):
    settings = {"space": SPACE, "trials": 9, "epochs": 2, "hidden": (16,), "runs": runs, "progress": False}
    return ct.sweep("digits", **(settings | more))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return make(tmp_path_factory.mktemp("sweep"))


def test_a_trial_is_a_run_and_the_best_is_the_one_with_the_lowest_loss(found):
    complete = [trial for trial in found.trials if trial.state == "complete"]
    assert [trial.number for trial in found.trials] == list(range(9))
    assert len(complete) >= 2
    for trial in found.trials:
        run = found.run(trial.number)
        assert len(run.history) == trial.result["epochs"]
        assert {row["epoch"]: row["val_loss"] for row in run.history.rows} == trial.losses
        assert run.context.manifest.sweep.trial == trial.number
        for name, value in trial.settings.items():
            if name in run.config:
                assert run.config[name] == value
    assert found.best.path.name == min(complete, key=lambda trial: trial.val_loss).run
    stopped = [trial for trial in found.trials if trial.state == "pruned"]
    assert stopped
    assert all("others had a lower validation loss" in found.run(t.number).context.manifest.why for t in stopped)
    assert repr(found).startswith('<Sweep "digits": 9 of 9 trials (')
    assert ct.compare(found.best, found.run(0), split="val", progress=False).measures.samples == 360


def test_with_patience_the_value_of_a_trial_is_that_of_the_epoch_it_keeps(tmp_path):
    generator = np.random.default_rng(0)
    noise = ct.Dataset.from_arrays(generator.normal(size=(200, 20)).astype("float32"), generator.integers(0, 2, 200))
    settings = {"epochs": 9, "patience": 20, "hidden": (64,), "schedule": "constant"}
    space = {"learning_rate": {"low": 0.01, "high": 0.03}}
    found = ct.sweep(noise, space=space, trials=1, runs=tmp_path, progress=False, **settings)
    (trial,), run = found.trials, found.run(0)
    best = int(np.argmin(run.history["val_loss"]))
    assert best + 1 == run.folder.manifest.kept_epoch < len(run.history) == 9
    assert trial.val_loss == run.history["val_loss"][best]
    assert trial.result["val_accuracy"] == run.history["val_accuracy"][best]


def test_trial_0_is_what_train_would_give(found, tmp_path):
    data = ct.load_dataset("digits")
    run = ct.train(ct.mlp((16,), dropout=0.2), data, epochs=2, runs=tmp_path, progress=False)
    first = found.run(0)
    # on samples of train and val, everything is equal
    assert [row["val_loss"] for row in first.history.rows] == [row["val_loss"] for row in run.history.rows]
    assert found.trials[0].settings == {"learning_rate": 0.003, "dropout": 0.2}


@pytest.mark.exhaustive
def test_no_test_sample_is_touched(found, tmp_path):
    for trial in found.trials:
        run = found.run(trial.number)
        assert run.test is None
        assert len(run.split.test) == 0
        assert len(run.folder.predictions()) == len(run.split.train) + len(run.split.val)
        assert "test" not in (run.path / "history.jsonl").read_text()
    # with other test samples, or other labels of them, every trial is the same
    digits = ct.load_dataset("digits")
    x, y = digits.sources["train"].x, digits.sources["train"].y
    random = np.random.default_rng(0)
    swept = []
    for name, held in (("a", (x[:200], y[:200])), ("b", (random.permutation(x[:200]), random.permutation(y[:200])))):
        data = ct.Dataset.from_arrays(x[200:], y[200:], x_test=held[0], y_test=held[1])
        swept.append(
            ct.sweep(data, space=SPACE, trials=3, hidden=(16,), epochs=1, runs=tmp_path / name, progress=False)
        )
    assert [dict(trial.losses) for trial in swept[0].trials] == [dict(trial.losses) for trial in swept[1].trials]
    assert [trial.settings for trial in swept[0].trials] == [trial.settings for trial in swept[1].trials]
    assert swept[0].gain == swept[1].gain


def test_the_chosen_settings_are_trained_again_with_the_test_samples(found, tmp_path):
    run = found.train_best(runs=tmp_path, progress=False)
    assert run.test is not None
    assert len(run.split.test) > 0
    last = found.best.folder.snapshot()
    assert all(np.array_equal(run.folder.snapshot()[name], weights) for name, weights in last.items())
    words = found.command.split()
    assert words[:3] == ["cutaway", "train", "digits"]
    assert words[words.index("--learning-rate") + 1] == repr(found.settings["learning_rate"])


def measured(run, epoch=None):
    """Loss with label smoothing and correctness on the validation samples, which come last."""
    labels = run.data.y(run.split.val)
    p = run.folder.predictions(epoch)[-len(labels) :].astype(np.float64)
    logs = -np.log(np.clip(p, 1e-7, 1))
    losses = 0.95 * logs[np.arange(len(labels)), labels] + 0.05 * logs.mean(axis=1)
    return np.stack([losses, p.argmax(axis=1) == labels])


def test_the_gain_is_measured_on_the_recorded_predictions(found):
    complete = [trial for trial in found.trials if trial.state == "complete"]
    ended = [measured(found.run(trial.number)) for trial in complete]
    stopped = []
    for trial in (each for each in found.trials if each.state == "pruned"):
        epoch = max(trial.losses)
        then = np.mean([measured(found.run(each.number), epoch) for each in complete], axis=(0, 2))
        improved = np.mean(ended, axis=(0, 2)) - then
        stopped.append(measured(found.run(trial.number), epoch) + improved[:, None])
    assert stopped
    losses, correct = np.stack([*ended, *stopped], axis=2)
    expected = selection_gain(losses, correct, stopped=len(stopped), seed=0)
    gain = found.gain
    assert gain.loss.chosen == pytest.approx(found.best_trial.val_loss, abs=2e-3)
    assert gain.loss.fixed == pytest.approx(found.trials[0].val_loss, abs=2e-3)
    assert gain.loss.corrected == pytest.approx(expected.loss.corrected, abs=2e-3)
    assert gain.accuracy.corrected == pytest.approx(expected.accuracy.corrected, abs=2e-3)
    assert gain.candidates == len(complete)
    assert gain.stopped == len(stopped)
    assert gain.samples == 360
    assert gain.loss.corrected > gain.loss.chosen


def test_the_gain_is_of_the_run_folders_that_are_there(found, tmp_path):
    complete = [trial for trial in found.trials if trial.state == "complete"]
    best = found.best_trial
    assert best.number != 0
    assert len(complete) > 2
    other = next(trial for trial in complete if trial.number not in (0, best.number))
    fewer = f"of the {len(complete) - 1} completed trials whose predictions are here: "
    cases = {
        f"the run folder of trial {best.number} has no predictions here": [best],
        fewer: [other],
    }
    for said, deleted in cases.items():
        shutil.copytree(found.folder, tmp_path / said)
        for trial in deleted:
            shutil.rmtree(tmp_path / said / trial.run)
        assert said in " ".join(verdict(ct.open_sweep(tmp_path / said)))
    alone = replace(ct.open_sweep(tmp_path / fewer), trials=(found.trials[0], replace(other, val_loss=9.0)))
    assert "the run folders of all other trials have no predictions here" in " ".join(verdict(alone))


def test_tables_figures_and_documents(found, tmp_path):
    from cutaway.topics.sweeps.page import sweep_page

    table = found.to_pandas()
    assert list(table["trial"]) == list(range(9))
    assert {"val_loss", "val_accuracy", "parameters", "learning_rate", "dropout"} <= set(table.columns)
    for kind in ("trials", "importance", "parallel", "frontier"):
        assert found.plot(kind).axes
    with pytest.raises(UsageError, match="kind is one of"):
        found.plot("pie")
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["best"]["trial"] == found.best_trial.number
    assert document["gain"]["loss"]["corrected"] == found.gain.loss.corrected
    assert sum(document["importance"].values()) == pytest.approx(1)
    assert document["importance_p_values"] == found.importance_p_values()
    assert found.importance().keys() == found.importance_p_values().keys() == {"learning_rate", "dropout"}
    page = sweep_page(found)
    names = ["choice", "trials", "importance", "parallel", "frontier", "table"]
    assert [section.name for section in page.sections] == names
    rows = {row["Setting"]: row for row in page.sections[2].rows}
    assert rows["dropout"]["p-value"] == f"{found.importance_p_values()['dropout']:.2f}"
    settings = {row["Trial"]: row["Settings"] for row in page.sections[-1].rows}[str(found.best_trial.number)]
    best = found.best_trial.settings
    assert settings == f"dropout {best['dropout']:.3g}, learning rate {best['learning_rate']:.3g}"
    assert '<td class="number spare">' in render(page)
    assert "could not be made" not in render(page)
    assert found.report(tmp_path / "page.html").stat().st_size > 100_000
    assert "<img" in found._repr_html_()


@pytest.mark.parametrize("cost", ["parameters", "seconds"])
def test_none_is_better_and_cheaper_than_a_trial_on_the_frontier(found, cost):
    frontier = found.frontier(cost)
    for one in frontier:
        for other in found.trials:
            if other.state == "complete":
                better = other.result["val_accuracy"] > one.result["val_accuracy"]
                assert not (better and other.result[cost] <= one.result[cost])
    assert [t.result[cost] for t in frontier] == sorted(t.result[cost] for t in frontier)


def test_a_training_that_diverges_is_not_tried_again(tmp_path, monkeypatch):
    from cutaway.topics.sweeps import worker

    def diverges(*_, **__):
        raise TrainingError("the loss must stay finite", got="nan", hint="try a lower rate")

    monkeypatch.setattr(worker, "train_trial", diverges)
    swept = make(tmp_path, trials=2)
    assert [(t.state, t.why, t.attempts) for t in swept.trials] == [
        ("pruned", "the loss must stay finite; got nan", 1)
    ] * 2
    assert swept.best_trial is None
    assert swept.gain is None
    with pytest.raises(UsageError, match="the best trial is one that ended"):
        _ = swept.best


def test_where_no_trial_can_be_trained_the_sweep_ends(tmp_path, monkeypatch):
    from cutaway.topics.sweeps import worker

    def fails(*_, **__):
        raise RunError("a disk has room", got="none", hint="free some")

    monkeypatch.setattr(worker, "train_trial", fails)
    with pytest.raises(RunError, match="a disk has room"):
        make(tmp_path)
    assert [trial.state for trial in ct.open_sweep(tmp_path / "sweep-digits").trials] == ["failed"]


@pytest.mark.exhaustive
def test_a_full_disk_costs_no_trial(tmp_path, monkeypatch):
    from cutaway.runs import RunWriter

    full = OSError(errno.ENOSPC, "No space left on device")

    def refuse(*_, **__):
        raise full

    for name in ("snapshot", "create_at"):  # in an epoch, and before the first one
        with monkeypatch.context() as patched:
            patched.setattr(RunWriter, name, refuse)
            with pytest.raises((RunError, OSError), match="No space left on device"):
                make(tmp_path, trials=2)
    assert {trial.state for trial in make(tmp_path, trials=2).trials} <= {"complete", "pruned"}


def test_the_same_call_again_trains_nothing_and_another_one_is_refused(found, monkeypatch):
    from cutaway.topics.sweeps import worker

    monkeypatch.setattr(worker, "train_trial", None)
    runs = found.folder.parent
    assert make(runs).to_pandas().equals(found.to_pandas())
    for other, said in (
        ({"space": {"dropout": [0.0, 0.1]}}, "another space"),
        ({"seed": 1}, "got another seed in "),
        ({"batch_size": 64, "epochs": 3}, r"fixed settings \(epochs 3 instead of 2; batch_size 64 instead of 32\) in"),
    ):
        with pytest.raises(UsageError, match=said):
            make(runs, **other)
    digits = ct.load_dataset("digits").sources["train"]
    with pytest.raises(UsageError, match="other data"):
        ct.sweep(
            digits.x[:500], digits.y[:500], name="digits", space=SPACE, hidden=(16,), epochs=2, trials=9, runs=runs
        )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"trials": 0}, "trials is a whole number"),
        ({"workers": 0}, "workers is a whole number"),
        ({"name": "../x"}, "the name of a sweep"),
        ({"space": "tiny"}, "a space is small, default, optimizer"),
        ({"dropout": 0.1}, "a setting is fixed, or in the space"),
        ({"learning_rate": 0.1}, "a setting is fixed, or in the space"),
        ({"epochs": 0}, "epochs is a whole number"),
        ({"lerning_rate": 0.1}, "did you mean learning_rate"),
        ({"recipe": "quickest"}, "recipes are"),
        ({"momentum": 0.5}, "momentum needs optimizer sgd"),
        ({"storage": "nowhere"}, "a storage is the URL of a database"),
    ],
)
def test_a_wrong_call_is_one_line_and_makes_nothing(tmp_path, wrong, said):
    with pytest.raises(UsageError, match=said) as error:
        make(tmp_path / "runs", **wrong)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


def test_folders_that_are_no_sweep(tmp_path, found):
    for verb in (ct.open_sweep, ct.join_sweep):
        with pytest.raises(UnknownNameError, match=r"a sweep is a folder with a sweep\.json"):
            verb(tmp_path)
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(RunError, match="valid JSON"):
        ct.open_sweep(tmp_path)
    record = json.loads((found.folder / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps(record | {"format": 99}))
    with pytest.raises(RunError, match="format 99"):
        ct.open_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text(json.dumps(record | {"space": 7}))
    with pytest.raises(RunError, match='"space"'):
        ct.open_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text(json.dumps(record))
    with pytest.raises(UnknownNameError, match="journal"):
        ct.open_sweep(tmp_path)


@pytest.mark.exhaustive
def test_arrays_are_passed_again_to_join(tmp_path):
    digits = ct.load_dataset("digits").sources["train"]
    x, y = digits.x[:300], digits.y[:300]
    with pytest.raises(UsageError, match="several workers load the data"):
        ct.sweep(x, y, workers=2, runs=tmp_path, progress=False)
    swept = ct.sweep(x, y, space=SPACE, trials=1, hidden=(16,), epochs=1, runs=tmp_path, progress=False)
    assert swept.command is None
    with pytest.raises(DataError, match="made from arrays"):
        ct.join_sweep(swept.folder, trials=2, progress=False)
    joined = ct.join_sweep(swept.folder, data=ct.Dataset.from_arrays(x, y), trials=2, progress=False)
    assert len(joined.trials) == 2
    with pytest.raises(UsageError, match="the same data"):
        ct.join_sweep(swept.folder, data=ct.Dataset.from_arrays(x[::-1], y), progress=False)


def test_without_optuna_it_says_what_to_install(tmp_path):
    program = (
        "import sys; sys.modules['optuna'] = None\nfrom cutaway.cli import main\n"
        f"main(['sweep', 'digits', '--runs', {str(tmp_path)!r}])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("next: pip install 'cutaway[sweep]'\n")
    assert ended.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_ticks_of_a_cost_are_few_enough_for_a_phone():
    from cutaway.topics.sweeps.figures import _ticks

    assert _ticks(np.array([900.0, 5000.0])) == [1000, 2000, 5000]
    assert _ticks(np.array([7_923.0, 377_363.0])) == [10_000, 30_000, 100_000, 300_000]
    assert _ticks(np.array([100.0, 1e6])) == [100, 1_000, 10_000, 100_000, 1_000_000]
    assert _ticks(np.array([1.5, 3.0])) == []


def test_what_mattered_in_a_sentence():
    from cutaway.topics.sweeps.words import what_mattered

    class Outcome:
        def __init__(self, **found):
            self.found = found

        def importance(self):
            return {name: share for name, (share, _) in self.found.items()}

        def importance_p_values(self):
            return {name: p for name, (_, p) in self.found.items()}

    assert what_mattered(Outcome()) == ""
    assert what_mattered(Outcome(dropout=(0.9, 0.06), units=(0.1, 0.5))) == (
        "Importance: no setting mattered more than chance explains; more trials may tell."
    )
    assert what_mattered(Outcome(dropout=(0.9, 0.01), units=(0.1, 0.5))) == (
        "Importance: dropout 90% (p = 0.01); the others matter no more than chance explains."
    )
    assert what_mattered(Outcome(dropout=(0.9, 0.01))) == "Importance: dropout 90% (p = 0.01)."


def test_batch_normalization_is_tried_and_named_where_the_recipe_has_none(tmp_path):
    space = {"batch_norm": [True, False], "hidden": [[8], [16]]}
    swept = ct.sweep("digits", space=space, trials=5, epochs=2, runs=tmp_path, progress=False)
    tried = swept.to_pandas()
    assert set(tried["batch_norm"].dropna()) == {True, False}
    for trial in swept.trials:
        names = swept.run(trial.number).model().layers
        has = trial.settings.get("batch_norm", False)
        assert ("batch_norm_1" in [layer.name for layer in names]) == has
        assert swept.settings_of(trial)["batch_norm"] is has
    best = swept.settings["batch_norm"]
    assert ("--batch-norm" in swept.command.split()) == best
    with pytest.raises(UsageError, match=r"batch_norm is true or false; got .*yes.*; next: write batch_norm = \[true"):
        ct.sweep("digits", space={"batch_norm": ["yes", False]}, runs=tmp_path, progress=False)


@pytest.mark.parametrize(
    ("fixed", "space", "normalized"),
    [({}, {}, True), ({"batch_norm": False}, {}, False), ({}, {"ensemble": [1, 2]}, False)],
)
def test_a_sweep_of_bright_images_begins_as_a_training_does_and_its_command_says_what_it_found(
    fixed, space, normalized, tmp_path
):
    y = np.arange(80) % 2
    light = 255 - np.random.default_rng(0).integers(60, size=(80, 12, 12)).astype(np.uint8)
    light[y == 1, :4] -= 60
    np.savez(tmp_path / "light.npz", x_train=light, y_train=y)
    space = {"dropout": [0.0, 0.1], **space}
    swept = ct.sweep(
        str(tmp_path / "light.npz"),
        space=space,
        trials=1,
        epochs=1,
        hidden=(8,),
        **fixed,
        runs=tmp_path,
        progress=False,
    )
    assert swept.settings["batch_norm"] is normalized
    said = swept.command.split()
    assert ("--batch-norm" in said, "--no-batch-norm" in said) == (normalized, fixed != {})


def test_what_excludes_each_other_is_refused_before_any_trial(tmp_path):
    for space, fixed in (
        ({"batch_norm": [True, False]}, {"ensemble": 2}),
        ({"ensemble": {"low": 1, "high": 4}}, {"batch_norm": True}),
        ({"ensemble": [1, 2]}, {"recipe": "best"}),
    ):
        with pytest.raises(UsageError, match="members of an ensemble have no batch normalization"):
            ct.sweep("digits", space=space, runs=tmp_path, progress=False, **fixed)
    assert not list(tmp_path.iterdir())


def test_a_recipe_with_batch_normalization_is_told_to_leave_it_out(tmp_path):
    settings = {"recipe": "best", "hidden": (8,), "epochs": 1, "virtual_adversarial": 0.0}
    swept = ct.sweep("digits", space={"batch_norm": [False]}, trials=2, runs=tmp_path, progress=False, **settings)
    for trial in swept.trials:
        has = trial.settings.get("batch_norm", True)
        assert ("batch_norm_1" in [layer.name for layer in swept.run(trial.number).model().layers]) is has
    assert ("--no-batch-norm" in swept.command) is not swept.settings["batch_norm"]
