"""The study behind a sweep, with a function in place of a training."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import RunError, UnknownNameError, UsageError
from cutaway.execution import SweepStudy, Trial, importance_of_settings, open_storage, read_space
from cutaway.execution.sweeps import records, storage
from cutaway.execution.sweeps import study as studies

WORKER = Path(__file__).with_name("fake_worker.py")
WORK = runpy.run_path(str(WORKER))
SPACE, DEFAULT, EPOCHS, do, opened = (WORK[name] for name in ("SPACE", "DEFAULT", "EPOCHS", "do", "opened"))

DECAY = {"weight_decay": {"low": 0.0, "high": 0.5}}


def plain(trials):
    return [(t.number, t.state, t.settings, t.val_loss, t.losses) for t in trials]


def in_process(folder, trials, most):
    return subprocess.Popen([sys.executable, WORKER, str(folder), str(trials), str(most)])


def test_trial_0_has_the_default_settings_and_counts_for_the_search(tmp_path):
    study = opened(tmp_path, trials=1)
    do(study)
    (trial,) = study.trials()
    assert trial.settings == {name: DEFAULT[name] for name in SPACE.settings}
    assert trial.state == "complete"


def test_a_default_outside_the_space_is_trained_as_it_is(tmp_path):
    study = SweepStudy(open_storage(tmp_path, None), name="x", manifest={}, trials=2)
    study.draw(SPACE, seed=0, default=DEFAULT | {"units": 4096}, epochs=EPOCHS)
    do(study)
    assert study.trials()[0].settings == {}
    assert set(study.trials()[1].settings) == set(SPACE.settings)


def test_the_same_seed_gives_the_same_trials_and_another_one_others(tmp_path):
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / name).mkdir()
        study = opened(tmp_path / name, seed=seed, trials=18)
        do(study)
        found.append(plain(study.trials()))
    assert found[0] == found[1] != found[2]
    assert len({str(settings) for _, _, settings, _, _ in found[0]}) == 18
    assert {state for _, state, _, _, _ in found[0]} == {"complete", "pruned"}


@pytest.mark.exhaustive
def test_processes_that_die_change_nothing(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = opened(tmp_path / "a", trials=20)
    do(whole)
    for most in (4, 7, 10**6):
        assert in_process(tmp_path / "b", 20, most).wait() == 0
    found = opened(tmp_path / "b", trials=20).trials()
    assert plain(found) == plain(whole.trials())
    assert sorted(trial.attempts for trial in found) == [1] * 18 + [2] * 2


@pytest.mark.exhaustive
def test_workers_at_once_do_each_trial_once(tmp_path):
    children = [in_process(tmp_path, 30, 10**6) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    found = opened(tmp_path, trials=30).trials()
    assert [trial.number for trial in found] == list(range(30))
    assert all(trial.ended for trial in found)
    drawn = [str(trial.settings) for trial in found]
    assert len(set(drawn)) == 30


def test_a_failed_trial_is_done_again_once(tmp_path):
    study = opened(tmp_path, trials=2)
    for attempt in range(2):
        asked = study.ask()
        assert asked.number == 0
        study.begin(asked, f"trial-0000-{attempt}")
        study.fail(asked, "no memory")
    do(study)
    first, second = study.trials()
    assert (first.state, first.why, first.attempts, first.run) == ("failed", "no memory", 2, "trial-0000-1")
    assert second.state == "complete"


def test_a_trial_that_the_user_stopped_goes_on_however_often(tmp_path):
    study = opened(tmp_path, trials=1)
    for _ in range(4):
        asked = study.ask()
        study.begin(asked, "trial-0000")
        study.fail(asked, "stopped by the user", kind="stopped")
        assert study.trials()[0].state == "waiting"
    asked = study.ask()
    assert (asked.number, asked.run) == (0, "trial-0000")
    study.complete(asked, 0.5, {})
    assert study.trials()[0].state == "complete"
    assert study.ask() is None


def test_a_worker_of_another_machine_is_gone_once_its_heart_stops(tmp_path, monkeypatch):
    study = opened(tmp_path, trials=1)
    asked = study.ask()
    elsewhere = asked.handle.user_attrs[records.PROCESS] | {"host": "elsewhere"}
    asked.handle.set_user_attr(records.PROCESS, elsewhere)
    other = opened(tmp_path, trials=1)
    assert other.ask() is None
    monkeypatch.setattr(studies, "STALE_SECONDS", -1.0)
    study.beat(asked)
    assert other.ask() is None  # it beats
    again = other.ask()
    assert again.settings == asked.settings
    assert not study.complete(asked, 0.5, {}), "what was taken for dead tells nothing any more"
    assert other.complete(again, 0.6, {})
    assert [trial.val_loss for trial in other.trials()] == [0.6]


def test_more_trials_are_added(tmp_path):
    do(opened(tmp_path, trials=3))
    study = opened(tmp_path, trials=5)
    do(study)
    assert [trial.number for trial in study.trials()] == list(range(5))


def test_half_a_line_at_the_end_of_a_journal_is_cut(tmp_path):
    do(opened(tmp_path, trials=3))
    before = plain(opened(tmp_path, trials=3).trials())
    with open(tmp_path / storage.JOURNAL, "ab") as journal:
        journal.write(b'{"op_code": 6, "wor')
    do(opened(tmp_path, trials=5))
    assert plain(opened(tmp_path, trials=5).trials())[:3] == before


@pytest.mark.parametrize(
    "damage", [b"no json\n", b"{}\n", b'{"op_code": 99}\n', b'{"op_code": 4, "study_id": 7}\n', b"\0\0\n"]
)
def test_a_damaged_journal_is_one_line(tmp_path, damage):
    do(opened(tmp_path, trials=1))
    with open(tmp_path / storage.JOURNAL, "ab") as journal:
        journal.write(damage + b"{}\n")
    with pytest.raises(RunError, match="a sweep keeps its trials in a journal of whole lines") as error:
        opened(tmp_path)
    assert "\n" not in str(error.value)


def test_a_study_of_another_program_is_refused(tmp_path, monkeypatch):
    import optuna

    monkeypatch.setattr(studies, "MANIFEST_SECONDS", 0.1)
    optuna.create_study(storage=open_storage(tmp_path, None), study_name="x")
    with pytest.raises(RunError, match="another program"):
        opened(tmp_path)
    with pytest.raises(UnknownNameError, match="choose one with name=: x"):
        SweepStudy(open_storage(tmp_path, None), name="y")


@pytest.mark.parametrize("url", ["nowhere", "x://", "postgresql://", ""])
def test_a_storage_that_is_none_is_one_line(url):
    with pytest.raises((UsageError, RunError)) as error:
        open_storage(None, url)
    assert "\n" not in str(error.value)


def test_names_of_runs_from_a_stranger_lead_nowhere_else(tmp_path):
    study = opened(tmp_path, trials=1)
    asked = study.ask()
    for name in ("../elsewhere", "/etc", "..", "", "a/b", 7):
        asked.handle.set_user_attr("run", name)
        assert study.trials()[0].run is None
        assert records.plain_name(name) is None


def test_importance_names_what_decides_and_what_is_no_more_than_chance():
    space = read_space(
        {"learning_rate": {"low": 0.001, "high": 1.0, "log": True}, "dropout": {"low": 0.0, "high": 0.5}}
    )
    random = np.random.default_rng(0)
    trials = []
    for number in range(60):
        settings = {"learning_rate": float(10 ** random.uniform(-3, 0)), "dropout": float(random.uniform(0, 0.5))}
        loss = abs(np.log10(settings["learning_rate"]) + 1.5) + 0.01 * settings["dropout"]
        trials.append(Trial(number, "complete", settings, float(loss), {}))
    found = importance_of_settings(trials, space)
    assert next(iter(found)) == "learning_rate"
    assert found["learning_rate"].share > 0.9
    assert sum(each.share for each in found.values()) == pytest.approx(1)
    assert found["learning_rate"].p_value == 0.01, "the smallest that 99 shuffles can tell"
    assert found["dropout"].p_value > 0.05
    assert importance_of_settings(trials[:5], space) == {}


@pytest.mark.exhaustive
def test_p_values_of_losses_that_settings_do_not_decide_are_uniform():
    """As for any test: a p-value up to 0.2 in a fifth of the sweeps, although some share is always large."""
    space = read_space({"optimizer": ["adam", "adamw"], "dropout": {"low": 0.0, "high": 0.5}, **DECAY})
    values = []
    for seed in range(40):
        random, trials = np.random.default_rng(seed), []
        for number in range(20):
            settings = {"optimizer": str(random.choice(["adam", "adamw"])), "dropout": float(random.uniform(0, 0.5))}
            settings |= {"weight_decay": float(random.uniform(0, 0.5))} if settings["optimizer"] == "adamw" else {}
            trials.append(Trial(number, "complete", settings, float(random.random()), {}))
        found = importance_of_settings(trials, space)
        assert max(each.share for each in found.values()) > 0.3
        values += [each.p_value for each in found.values()]
    assert 0.1 < np.mean(np.array(values) <= 0.2) < 0.3


def worse_from_trial_to_trial(study, epochs):
    """Do all trials; the epochs after which one was stopped early."""
    stopped = []
    while (asked := study.ask()) is not None:
        for epoch in range(1, epochs + 1):
            if study.report(asked, epoch, asked.number + 1 / epoch):
                stopped.append(epoch)
                study.prune(asked, "", {})
                break
        else:
            study.complete(asked, float(asked.number), {})
    return stopped


def test_no_trial_of_a_small_sweep_is_stopped_until_trials_are_added(tmp_path):
    assert worse_from_trial_to_trial(opened(tmp_path, trials=8), EPOCHS) == []
    study = opened(tmp_path, trials=10)
    assert len(worse_from_trial_to_trial(study, EPOCHS)) == 2, "compared with the eight before"
    assert [trial.state for trial in study.trials()] == ["complete"] * 8 + ["pruned"] * 2


@pytest.mark.parametrize("epochs", [2, 8, 9, 13, 28, 60])
def test_trials_are_stopped_after_about_a_ninth_and_a_third_of_the_epochs_alone(tmp_path, epochs):
    study = SweepStudy(open_storage(tmp_path, None), name="x", manifest={}, trials=40)
    study.draw(SPACE, seed=0, default=DEFAULT, epochs=epochs)
    stopped = set(worse_from_trial_to_trial(study, epochs))  # none is ever among the best third
    first = max(1, round(epochs / 9))
    assert stopped <= {first, 3 * first}
    assert first in stopped
