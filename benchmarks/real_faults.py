"""Faults that other people asked about: what is found? ``python -m benchmarks.real_faults FOLDER [ID ...]``.

FOLDER holds ID/bug.py of https://github.com/ali-ghanbari/deepmufl-ase-2023 at the commit below (Dataset/all-bugs): bugs
of Keras from Stack Overflow, 62 of them of Dense layers only. Nothing is fetched, and no script is kept. They run
in this process, so use a folder that you trust.

Each script is ported to Keras 3 by regular expressions and runs up to its first ``fit``. There `ct.preflight` looks at
the model and the arrays (up to 2,000 samples), the fit is recorded (up to 20 epochs), and `ct.doctor` looks at the run.
`CAUSES` says which kinds of findings name the cause of a script. It was written by reading each script and its fix, and
is as lenient as the judgements of the published tools: any cause that a fix changes counts. All 62 are development
data: the rules were written after reading them, so these numbers say what is covered, not how often others are right.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
import types
import warnings
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras reads it when it is imported

import keras
import numpy as np
import pandas as pd
import sklearn.datasets

import cutaway as ct
from benchmarks.harness import keep, machine, verdict

COMMIT = "a69ba43a"
PUBLISHED = {"deepmufl": 33, "DeepDiagnosis": 21, "DeepLocalize": 17, "NeuraLint": 14, "UMLAUT": 9}
EPOCHS, SAMPLES = 20, 2000

CAUSES = {
    "one-unit-softmax": "31880720 33969059 34311586 54738769 56218256 57397440 58055105 66087653 66407123 68751439",
    "one-output": "56218256 66602662 68751439 68773774 70650848",
    "not-probabilities": "51185079 57407973 58572274 64387251 64395424 68101077 69787272",
    "sigmoid-output": "41823068 41999686 42472447 51930566 55328966 59278771",
    "labels-out-of-range": "41596619 46869312 56317174",
    "numbers-as-classes": "46869312 66840108",
    "target-shape": "45442843 57326611 59078187 68701979 68773774",
    "unreachable-targets": "33969059 45442843 48221692 48251943 48976413 50555434 52566823 53749895 54738769 56317174 "
    "56774954 59078187 59758722 60766775 60801900 62313327 68458462",
    "constant-targets": "56317174",
    "loss-of-numbers": "34673164 44758894 48385830",
    "linear-hidden": "48385830 48486598 56888491",
    "inputs-are-targets": "60831731",
    "unscaled-inputs": "33969059 48251943 55328966 57397440 69901379",
    "unscaled-targets": "33969059 48251943 69901379",
    "unusual-rate": "48385830 55328966",
    "learning-rate-too-high": "34673164 48385830",
    "learning-rate-too-low": "46359741 50306988 55328966 69901379",
    "few-steps": "44164749 46359741 51185079 56452176 58572274 61234347 69787272",
    "batch-too-large": "44164749 69787272",
    "too-few-epochs": "44164749 49583466 50306988 51185079 61234347 69787272",
    "vanishing-gradients": "49583466 57407973 65777704",
    "bottleneck": "46359741 50306988 62313327 69787272",
    "dead-units": "56452176 62313327",
    "overfitting": "58051767 58064701",
}
"""Kind of a finding -> the scripts whose cause it names."""

SCRIPTS = sorted({script for listed in CAUSES.values() for script in listed.split()})

PORT = (
    (r"from keras\.(layers|utils|wrappers)\.(core|np_utils)\b", r"from keras.\1"),
    (r"from (tensorflow\.python\.training\.\w+|keras\.wrappers\.\w+) import", "from shims import"),
    (r"from keras\.initializers\.initializers_v1", "from keras.initializers"),
    (r"from keras\.utils import np_utils", "from shims import np_utils"),
    (r"import tensorflow\.keras\.activations", "import keras.activations"),
    (r"from tensorflow(\.python)?\.keras", "from keras"),
    (r"from tensorflow import keras", "import keras"),
    (r"import +tensorflow as tf", "from shims import tf"),
    (r"import seaborn as sns", "from shims import sns"),
    (r"from keras\.datasets import (\w+)", r"from shims import \1"),
    (r"from keras\.datasets\.(\w+) import load_data", r"from shims import load_\1 as load_data"),
    (r"keras\.datasets\.mnist", "__import__('shims').mnist"),
    (r"from sklearn\.model_selection import cross_val_score", "from shims import cross_val_score"),
    (r"(?m)^( *)(print\(.*\)|\w+\.summary\(\))$", r"\1pass"),
    (r"\.replace\(\{'setosa'.*\}\)", ".values"),
    (r"\blr=", "learning_rate="),
    (r", *decay=[^,)]+", ""),
)
"""What has another name in Keras 3, or is not installed."""

EDITS = {
    "46869312": [(r"125000", "2500")],
    "53749895": [(r"424 \* 424", "42 * 42")],
    "56218256": [(r"19900", "1990")],
    "64387251": [(r"\[13000\]", "[1300]")],
    "56888491": [(r"Dense\(\w+\[0\]", "Dense(5"), (r"len\(\w+\[0\]\)", "2"), (r", 'loss'\]", "]")],
    "49583466": [(r"sin\(X\[i\]\)", "sin(X[i, 0])")],
    "62313327": [(r"dataSize = 100000", "dataSize = 2000")],
    "68701979": [(r"(?m)^model\.evaluate.*$", "model.fit(X_train, y_train, epochs=5)")],
    "56317174": [(r"pd\.read_csv\([^)]*\)", "__import__('shims').weather()")],
    "55328966": [(r"mnist_train\.csv\.zip", "mnist_test.csv.zip")],
}
"""What else a script needs to run: fewer inputs where it would take too long, and data that are not in the folder."""

LAST, TO_SIGMOID, TO_SOFTMAX = r"(?s)(.*)", ("softmax", "sigmoid"), (r"(['\"])sigmoid['\"]", r"\1softmax\1")
WIDER, ADAM = (r"Dense\(4,", "Dense(16,"), (r"(['\"])sgd['\"]", r"\1adam\1")
TO_SPARSE = (r"(['\"])(binary|categorical)_crossentropy", r"\1sparse_categorical_crossentropy")
REPAIRS = {
    "31880720": [TO_SIGMOID],
    "34673164": [("mean_squared_error", "categorical_crossentropy"), (r"learning_rate=0\.1", "learning_rate=0.01")],
    "41823068": [TO_SOFTMAX],
    "41999686": [TO_SOFTMAX],
    "42472447": [TO_SOFTMAX],
    "44758894": [(LAST + "'relu'", r"\1'sigmoid'"), ("'mse'", "'binary_crossentropy'"), ADAM],
    "48385830": [("mean_squared_error", "categorical_crossentropy"), (r"rate=3\.0", "rate=0.1"), ("dev=1", "dev=0.05"),
                 (r"shape=input_shape,", "shape=input_shape, activation='relu',"), (r"e\(10,", "e(10, 'softmax',")],
    "50306988": [(r"units=2,", "units=16,"), ("'sigmoid'", "'relu'"), ("batch_size=32", "batch_size=4")],
    "51185079": [(LAST + "'relu'", r"\1'sigmoid'"), ("epochs=2", "epochs=20")],
    "51930566": [TO_SOFTMAX, (r"split\(X,", "split(X_scaled,"), WIDER],
    "55328966": [TO_SOFTMAX, (r"(x_\w+)\.values", r"\1.values / 255"), (r"0\.0001", "0.1"), ("784, ", "100, 'relu', ")],
    "57326611": [TO_SPARSE],
    "57397440": [TO_SIGMOID, (r"data, target = .*", r"\g<0>; data = (data - data.mean(0)) / data.std(0)")],
    "57407973": [("'sigmoid'", "'relu'"), (r"Dense\(1, ", "Dense(1, activation='sigmoid', ")],
    "58055105": [TO_SIGMOID, (r"0\.0001", "0.001")],
    "58064701": [],
    "59278771": [TO_SOFTMAX, WIDER, ("\"normal\"", "'glorot_uniform'")],
    "61234347": [(r"fit\(X_train, y_train", "fit(X_train, y_train, epochs=30"), (r"Dense\(1000", "Dense(100")],
    "65777704": [("'sigmoid'", "'relu'")],
    "66087653": [TO_SIGMOID, ("batch_size=2", "batch_size=32")],
    "66407123": [TO_SIGMOID],
    "66602662": [(r"Dense\(1, activation='sigmoid'\)", "Dense(5)"), ("Categorical", "SparseCategorical")],
    "68101077": [(r"Dense\(10\)", "Dense(10, activation='softmax')")],
    "68701979": [TO_SPARSE, (r", metrics=metrics", ""), ADAM, ("epochs=5", "epochs=20")],
    "68751439": [TO_SIGMOID, ("categorical", "binary")],
    "70650848": [TO_SPARSE, (r"Dense\(1, activation='sigmoid'", "Dense(3, activation='softmax'"), WIDER, ADAM,
                 ("categorical_accuracy", "accuracy"), (r"sc\.fit_transform\((\w+)\)", r"\1 = sc.fit_transform(\1)")],
}  # fmt: skip
"""What the accepted answer or a textbook changes, after the edits above."""


class Done(Exception):
    """The script has called fit."""


class Found(NamedTuple):
    """Kinds of warnings that stand for themselves, the first one first, and what was refused."""

    before: list[str]
    after: list[str]
    refused: str = ""


def shims(folder: Path) -> types.ModuleType:
    """Names that the scripts import and that are not here."""

    def load(size: int = 28, channels: int = 0) -> Any:
        table = pd.read_csv(folder / "55328966" / "mnist_test.csv.zip")
        y = table["label"].to_numpy(np.uint8)
        x = table.drop(columns="label").to_numpy(np.uint8).reshape(-1, 28, 28)
        side = (size - 28) // 2
        x = np.pad(x, ((0, 0), (side, side), (side, side)))
        x, y = (np.repeat(x[..., None], channels, axis=-1), y[:, None]) if channels else (x, y)
        return (x[:3000], y[:3000]), (x[3000:4000], y[3000:4000])

    def weather() -> pd.DataFrame:
        x = np.random.default_rng(0).normal(size=(2000, 5))
        table = pd.DataFrame(x[:, :4] * 5 + 15, columns=["MinTemp", "MaxTemp", "Rainfall", "WindGustSpeed"])
        return table.assign(RainTomorrow=np.where(x[:, 2] + x[:, 4] / 2 > 0.8, "Yes", "No"))

    def iris(name: str) -> pd.DataFrame:
        found: Any = sklearn.datasets.load_iris(as_frame=True)
        return found.data.assign(species=found.target)

    class KerasClassifier:
        def __init__(self, build_fn: Any, **fit: Any) -> None:
            self.build_fn, self.fit = build_fn, fit

    def cross_val_score(estimator: Any, x: Any, y: Any, cv: Any) -> None:
        first = next(iter(cv.split(x)))[0]
        estimator.build_fn().fit(x[first], y[first], **estimator.fit)

    module: Any = types.ModuleType("shims")
    nn = types.SimpleNamespace(relu=keras.activations.relu, softmax=keras.activations.softmax)
    module.tf = types.SimpleNamespace(keras=keras, nn=nn, random=keras.utils)
    module.load_mnist = module.load_fashion_mnist = load
    module.load_cifar10 = lambda: load(32, 3)
    module.mnist, module.sns = types.SimpleNamespace(load_data=load), types.SimpleNamespace(load_dataset=iris)
    module.np_utils, module.GradientDescentOptimizer = keras.utils, keras.optimizers.SGD
    module.weather, module.KerasClassifier, module.cross_val_score = weather, KerasClassifier, cross_val_score
    return module


def labels_of(y: np.ndarray) -> np.ndarray:
    """Targets as the hints of cutaway make labels of them."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim == 2 and set(np.unique(y)) == {0, 1} and (y.sum(axis=1) == 1).all():
        y = y.argmax(axis=1)
    return y.astype(int) if y.ndim == 1 and (y == np.rint(y)).all() else y


def kinds(findings: Any) -> list[str]:
    """Kinds of the warnings that no other explains."""
    return [each.kind for each in findings if each.severity == "warning" and each.cause is None]


def ask(model: Any, fit: Any, x: Any, y: Any, **options: Any) -> Found:
    """What a preflight, a recorder and a doctor find in a fit."""
    x, y = (np.asarray(each)[:: -(-len(x) // SAMPLES)] for each in (x, y))
    x, batch, epochs = x[:, None] if x.ndim == 1 else x, options.get("batch_size") or 32, options.get("epochs", 1)
    before, after = kinds(ct.preflight(model, x, y, epochs=epochs, batch_size=batch).findings), list[str]()
    with tempfile.TemporaryDirectory() as runs:
        try:
            recorder = ct.Recorder(Path(runs) / "run", (x, labels_of(y)))
            train, val = recorder.split.train.index, recorder.split.val.index
            more, x, y = {"validation_data": (x[val], y[val])}, x[train], y[train]
            fit(model, x, y, epochs=min(epochs, EPOCHS), batch_size=batch, verbose=0, callbacks=[recorder], **more)
            after = kinds(ct.doctor(ct.open_run(recorder.path, data=recorder.data), progress=False).findings)
        except ct.CutawayError as error:
            return Found(before, after, str(error))
        except (ValueError, TypeError) as error:  # Keras refuses it itself
            print("      Keras:", str(error).splitlines()[0][:100])
    return Found(before, after)


def run(folder: Path, script: str, *, repaired: bool = False) -> Found:
    """Run a script up to its first fit."""
    text = (folder / script / "bug.py").read_text()
    for old, new in (*PORT, *EDITS.get(script, ()), *(REPAIRS[script] if repaired else ())):
        text = re.sub(old, new, text)
    found, real = list[Found](), keras.Model.fit

    def fit(self: Any, x: Any, y: Any, batch_size: Any = None, epochs: int = 1, *_: Any, **__: Any) -> None:
        with mock.patch.object(keras.Model, "fit", real):
            found.append(ask(self, real, x, y, epochs=epochs, batch_size=batch_size))
        raise Done

    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    with contextlib.chdir(folder / script), warnings.catch_warnings(), mock.patch.object(keras.Model, "fit", fit):
        warnings.simplefilter("ignore")
        with contextlib.suppress(Done), contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, f"{script}.py", "exec"), {"__name__": "__main__"})
    return found[0]


def main() -> int:
    """Run the scripts, and count."""
    folder, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    sys.modules["shims"] = shims(folder)
    print(f"{machine()}\n  {folder}: meant for commit {COMMIT} of ali-ghanbari/deepmufl-ase-2023")
    counts: dict[str, int] = dict.fromkeys(
        ("first", "named", "first before the first epoch", "wrong", "refused", "false refusals"), 0
    )
    for script in wanted or SCRIPTS:
        before, after, refused = run(folder, script)
        causes = {kind for kind, listed in CAUSES.items() if script in listed.split()}
        first = (after or before)[:1]
        is_false = "measure different" in refused
        said = {
            "first": causes.intersection(first),
            "named": causes.intersection(before + after),
            "first before the first epoch": causes.intersection(before[:1]),
            "wrong": first and not causes.intersection(first),
            "refused": refused,
            "false refusals": is_false,
        }
        counts = {name: count + bool(said[name]) for name, count in counts.items()}
        how = "first" if said["first"] else "named" if said["named"] else "-"
        print(f"  {script} {how}: {before} {after} {refused}", flush=True)
    warned = {script: told for script in REPAIRS if not wanted and (told := run(folder, script, repaired=True).before)}
    print("  " + ", ".join(f"{name}: {count}" for name, count in counts.items()) + f" of {len(wanted or SCRIPTS)}")
    print(f"  published: {', '.join(f'{name} {count}' for name, count in PUBLISHED.items())} of 62")
    print(f"  repaired, with a warning before the first epoch: {len(warned)} of {len(REPAIRS)} {warned or ''}")
    if wanted:
        return 0
    keep("real_faults", {**counts, "published": PUBLISHED, "repaired": len(REPAIRS), "repaired with a warning": warned})
    return verdict(
        {
            "the cause comes first in 43 of 62": counts["first"] >= 43,
            "the cause is named in 52 of 62": counts["named"] >= 52,
            "no refusal gives a false reason": not counts["false refusals"],
            "a wrong cause comes first in at most 3": counts["wrong"] <= 3,
            "nothing is wrong with those that are repaired": not warned,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
