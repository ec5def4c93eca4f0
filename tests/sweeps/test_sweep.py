"""Sweeps in Python: what a trial is, that no test sample is touched, interruptions, and wrong calls."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import Canceled, DataError, RunError, TrainingError, UnknownNameError, UsageError
from cutaway.topics.sweeps import study
from cutaway.topics.sweeps import trials as module

SPACE = {"learning_rate": {"low": 0.001, "high": 0.03, "log": True}, "dropout": {"low": 0.0, "high": 0.5}}


def make(runs, **more):
    settings = {"space": SPACE, "trials": 9, "epochs": 2, "hidden": (16,), "runs": runs, "progress": False}
    return ct.sweep("digits", **(settings | more))


def kept(sweep):
    """What must be the same in two sweeps."""
    return [(trial.state, trial.settings, trial.val_loss) for trial in sweep.trials]


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


@pytest.mark.exhaustive
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
    assert kept(swept[0]) == kept(swept[1])


@pytest.mark.exhaustive
def test_the_chosen_settings_are_trained_again_with_the_test_samples(found, tmp_path):
    run = found.train_best(runs=tmp_path, progress=False)
    assert run.test is not None
    assert len(run.split.test) > 0
    last = found.best.folder.snapshot()
    assert all(np.array_equal(run.folder.snapshot()[name], weights) for name, weights in last.items())
    words = found.command.split()
    assert words[:3] == ["cutaway", "train", "digits"]
    assert words[words.index("--learning-rate") + 1] == repr(found.settings["learning_rate"])


def test_the_table_the_figure_the_importance_and_the_page(found, tmp_path):
    table = found.to_pandas()
    assert list(table["trial"]) == list(range(9))
    assert {"val_loss", "val_accuracy", "parameters", "learning_rate", "dropout"} <= set(table.columns)
    drawn = found.panels()[0].series
    assert sum(len(series.x) for series in drawn) == 9
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["best"]["trial"] == found.best_trial.number
    assert found.importance() == {}, "too few trials completed"
    page = found.report(tmp_path / "page.html").read_text()
    assert found.command in page
    assert "<img" in found._repr_html_()


def test_importances_are_those_of_optuna():
    import optuna

    found = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    found.optimize(lambda trial: trial.suggest_float("a", 0, 1) + 0.1 * trial.suggest_float("b", 0, 1), n_trials=20)
    records = [study.record_of(trial) for trial in found.trials]
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    assert study.importance_of_settings(records) == optuna.importance.get_param_importances(found, evaluator=evaluator)
    assert study.importance_of_settings(records)["a"] > 0.5
    assert study.importance_of_settings(records[:7]) == {}


@pytest.mark.exhaustive
def test_a_training_that_diverges_is_not_tried_again(tmp_path, monkeypatch):
    def diverges(*_, **__):
        raise TrainingError("the loss is not finite", got="nan", hint="try a lower rate")

    monkeypatch.setattr(module, "train_trial", diverges)
    swept = make(tmp_path, trials=2)
    assert [(t.state, t.why) for t in swept.trials] == [("pruned", "the loss is not finite; got nan")] * 2
    assert swept.best_trial is None
    with pytest.raises(UsageError):
        _ = swept.best


def test_where_no_trial_can_be_trained_the_sweep_ends(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise RunError("a disk has room", got="none", hint="free some")

    monkeypatch.setattr(module, "train_trial", fails)
    with pytest.raises(RunError):
        make(tmp_path)
    assert [trial.state for trial in ct.open_sweep(tmp_path / "sweep-digits").trials] == ["failed"]


def test_a_storage_that_fails_in_the_middle_is_one_line_and_the_same_call_goes_on(tmp_path, monkeypatch):
    from optuna.storages import RDBStorage

    storage = {"storage": f"sqlite:///{tmp_path}/shared.db?cached_statements=4321987", "trials": 2}
    told = RDBStorage.set_trial_intermediate_value
    with monkeypatch.context() as broken:
        calls = []

        def fail(*given):
            calls.append(given)
            if len(calls) > 2:  # in the second trial
                raise OSError(f"lost: {storage['storage']}")
            told(*given)

        broken.setattr(RDBStorage, "set_trial_intermediate_value", fail)
        with pytest.raises(study.StorageError) as error:
            make(tmp_path, **storage)
        assert "4321987" not in str(error.value)
    assert not any(b"4321987" in path.read_bytes() for path in tmp_path.glob("sweep-digits/*/*") if path.is_file())
    again = make(tmp_path, **storage)
    assert [trial.state for trial in again.trials] == ["complete"] * 2
    assert [trial.run for trial in again.trials] == ["trial-0000", "trial-0001"]


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
    monkeypatch.setattr(module, "train_trial", None)
    runs = found.folder.parent
    assert make(runs).to_pandas().equals(found.to_pandas())
    for other, said in (
        ({"space": {"dropout": [0.0, 0.1]}}, "differs in space;"),
        ({"seed": 1}, "differs in seed;"),
        ({"batch_size": 64, "epochs": 3}, "differs in settings;"),
    ):
        with pytest.raises(UsageError, match=said):
            make(runs, **other)
    digits = ct.load_dataset("digits").sources["train"]
    with pytest.raises(UsageError):
        ct.sweep(
            digits.x[:500], digits.y[:500], name="digits", space=SPACE, hidden=(16,), epochs=2, trials=9, runs=runs
        )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"engine": "cloud"}, "an engine is"),
        ({"name": "../x"}, "a sweep name"),
        ({"name": 5}, "a sweep name"),
        ({"class_weight": {0: 10**400}}, "class_weight"),
        ({"class_weight": 5}, "class_weight"),
        ({"label": "x"}, "load_dataset"),
        ({"recipe": ["default"]}, "recipe must be one of"),
        ({"space": "tiny"}, "use small, default, optimizer"),
        ({"dropout": 0.1}, "is given twice"),
        ({"learning_rate": 0.1}, "is given twice"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"lerning_rate": 0.1}, "did you mean .*learning_rate"),
        ({"recipe": "quickest"}, "recipe must be one of"),
        ({"momentum": 0.5}, "it needs optimizer sgd"),
    ],
)
def test_a_wrong_call_is_one_line_and_makes_nothing(tmp_path, wrong, said):
    with pytest.raises(UsageError, match=said) as error:
        make(tmp_path / "runs", **wrong)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


def test_folders_that_are_no_sweep(tmp_path, found):
    with pytest.raises(UnknownNameError):
        ct.open_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(RunError):
        ct.open_sweep(tmp_path)
    record = json.loads((found.folder / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps(record | {"format": 99}))
    with pytest.raises(RunError):
        ct.open_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text(json.dumps(record | {"space": 7}))
    with pytest.raises(RunError):
        ct.open_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text(json.dumps(record))
    with pytest.raises(UnknownNameError):
        ct.open_sweep(tmp_path)
    (tmp_path / "journal.log").write_text('{"op_code": 0}\n[]\n')
    with pytest.raises(RunError):
        ct.open_sweep(tmp_path)
    (tmp_path / "journal.log").unlink()
    (tmp_path / "journal.log").symlink_to(found.folder / "journal.log")
    with pytest.raises(RunError):
        ct.open_sweep(tmp_path)


def test_a_sweep_that_is_canceled_goes_on_where_it_was_and_ends_as_one_that_was_not(found, tmp_path):
    token, reports = ct.CancelToken(), []

    def on_progress(now):
        reports.append(now)
        if now.done == 3 and "epoch 2" in now.note:
            token.cancel()

    with token, pytest.raises(Canceled):
        make(tmp_path, progress=on_progress)
    halfway = ct.open_sweep(tmp_path / "sweep-digits")
    assert [trial.number for trial in halfway.trials] == [0, 1, 2]
    assert {now.task for now in reports} >= {"sweep"}
    again = make(tmp_path)
    assert [trial.settings for trial in again.trials] == [trial.settings for trial in found.trials]
    assert kept(again)[:4] == kept(found)[:4], "later ones are also compared with what was interrupted"
    assert again.trials[3].run == "trial-0003"
    assert len(list(again.folder.glob("trial-*"))) == 9
    weights, expected = again.run(again.trials[3].number).folder.snapshot(), found.run(3).folder.snapshot()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


@pytest.mark.exhaustive
def test_a_sweep_that_is_killed_goes_on_where_it_was(tmp_path):
    program = (
        "import cutaway as ct\n"
        f"ct.sweep('digits', space={SPACE}, trials=3, epochs=50, hidden=(16,), runs={str(tmp_path)!r}, progress=False)"
    )
    child = subprocess.Popen([sys.executable, "-c", program])
    history = tmp_path / "sweep-digits" / "trial-0001" / "history.jsonl"
    while not history.exists() or not history.read_text():
        assert child.poll() is None
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    again = make(tmp_path, trials=3, epochs=50)
    assert [trial.state for trial in again.trials] == ["complete"] * 3
    assert [trial.run for trial in again.trials] == ["trial-0000", "trial-0001", "trial-0003"]


@pytest.mark.parametrize("engine", [None, pytest.param("local:2", marks=pytest.mark.exhaustive)])
def test_a_storage_with_a_password_is_shared_and_the_password_is_in_no_file(engine, tmp_path):
    """SQLite takes no password, and ignores one in the query of its address as a driver's own setting would be."""
    address = f"sqlite:///{tmp_path}/shared.db?timeout=20&cached_statements=4321987"  # the number stands for a password
    digits = ct.load_dataset("digits").sources["train"]
    settings = {"space": {"dropout": [0.0, 0.2]}, "hidden": (8,), "epochs": 1, "storage": address, "progress": False}
    settings |= {"name": "shared", "engine": engine}
    ct.sweep(digits.x[:300], digits.y[:300], trials=2, runs=tmp_path / "a", **settings)
    joined = ct.sweep(digits.x[:300], digits.y[:300], trials=4, runs=tmp_path / "b", **settings)
    assert [trial.number for trial in joined.trials] == [0, 1, 2, 3]
    assert joined.command is None
    joined.report()
    assert len(list((tmp_path / "b").rglob("run.json"))) == 2
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or b"4321987" not in file.read_bytes(), file
    opened = ct.open_sweep(tmp_path / "b" / "sweep-shared", storage=address)
    assert kept(opened) == kept(joined)
    with pytest.raises(DataError):
        opened.train_best(runs=tmp_path)
    with pytest.raises(UsageError):
        ct.sweep(digits.x[:200], digits.y[:200], trials=4, runs=tmp_path / "c", **settings)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "address", ["nowhere:secret", "postgresql+psycopg://a:secret@127.0.0.1:9/x", "mysql://a:secret@h"]
)
def test_a_storage_that_does_not_answer_is_one_line_without_its_password(address, tmp_path):
    with pytest.raises(RunError) as error:
        make(tmp_path / "runs", storage=address)
    assert "secret" not in str(error.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("password", ["secret", "p@secret", "secret@x@secret"])
def test_what_a_driver_says_is_told_without_the_password(password):
    address = f"postgresql://me:{password}@db.example.org:5432/sweeps"
    host = f"{password.rpartition('@')[2]}@db.example.org" if "@" in password else "db.example.org"
    for said in (f'could not translate host name "{host}"', f"no driver for {address}", f"wrong: {password}"):
        with pytest.raises(RunError) as error, study.in_one_line(address):
            raise OSError(said)
        assert "secret" not in str(error.value)


def test_without_optuna_it_says_what_to_install(tmp_path):
    program = (
        "import sys; sys.modules['optuna'] = None\nfrom cutaway.cli import main\n"
        f"main(['sweep', 'digits', '--runs', {str(tmp_path)!r}])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    ways = re.findall(r'pip install (?:-e )?"(\S+)\[sweep\]"', ended.stderr)
    assert ways == [".", "dist/cutaway-0.1.0-py3-none-any.whl"]
    assert ended.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.exhaustive
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
    with pytest.raises(UsageError):
        ct.sweep("digits", space={"batch_norm": ["yes", False]}, runs=tmp_path, progress=False)


@pytest.mark.exhaustive
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


@pytest.mark.exhaustive
def test_a_recipe_with_batch_normalization_is_told_to_leave_it_out(tmp_path):
    settings = {"recipe": "best", "hidden": (8,), "epochs": 1, "virtual_adversarial": 0.0}
    swept = ct.sweep("digits", space={"batch_norm": [False]}, trials=2, runs=tmp_path, progress=False, **settings)
    for trial in swept.trials:
        has = trial.settings.get("batch_norm", True)
        assert ("batch_norm_1" in [layer.name for layer in swept.run(trial.number).model().layers]) is has
    assert ("--no-batch-norm" in swept.command) is not swept.settings["batch_norm"]
