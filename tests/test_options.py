"""Each option refuses what is outside its bounds, by its name, before anything is read."""

from contextlib import suppress
from dataclasses import MISSING, fields
from math import inf, nan

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.models import ModelForm
from cutaway.options import MAX_SAMPLES, TableOptions, TSNESettings
from cutaway.topics.confidence.options import ConfidenceOptions
from tests.house.test_forms import RECORDS

HUGE = 10**5000
"""Python writes numbers of at most 4,300 digits."""

NO_NUMBER = (nan, inf, "1", True, None, 10**400)
OF_TSNE = {
    "perplexity": (0.5, (), (30, 0), *NO_NUMBER),
    "early_exaggeration_iter": (-1, "most"),
    "early_exaggeration": (0.5, "auto"),
    "learning_rate": (0, "fast", nan),
    "exaggeration": (0, *NO_NUMBER),
}
MORE_OF_TSNE = {"max_iter": (300.0, "most"), "early_samples": (1,), "final_iter": (-1, 1.5)}
NAMES = {"neighbors": ("annoy", None), "init": ("umap",), "momentum": (1, -0.1), "tolerance": (1.0, None)}
OF_CONFIDENCE = {"accuracy": (0, 1.5, "0.9", True, (), (0.9, None)), "epoch": ("3", 2.5, True, [3])}
OF_MODELS = {"hidden": ((0,), (512, -3), (5.5,), (True,)), "dropout": (1, -0.1, *NO_NUMBER), "activation": ("rule",)}
REFUSED = {
    "TSNESettings": OF_TSNE | MORE_OF_TSNE | NAMES,
    "EmbeddingOptions": {
        "method": ("som",),
        "samples": (0, MAX_SAMPLES + 1),
        "seed": (-1, 2**32, None),
        "split": (10**400,),
    },
    "ConfidenceOptions": {"bins": (0, 1001, 2.5, True), "miss": (0, *NO_NUMBER)} | OF_CONFIDENCE,
    "PredictionOptions": {"nearest": (-1, True), "explain": (-1,), "temperature": (0, -1, nan, True, "warm", [1])},
    "LearningCurveOptions": {"shares": ((0.1, 0.5, 1.0), (0.1, 0.5, True), "0.1"), "seeds": (0,)},
    "ModelForm": {"batch_norm": (1, "yes", None), "ensemble": (0, 257, 2.5, True, "8")} | OF_MODELS,
    "ImportanceOptions": {"repeats": (0, 2.5), "samples": (1,), "split": ("other",)},
    "SamplesOptions": {"predictions": ("new",), "split": ("holdout",), "sort": ("size",)},
    "ComparisonOptions": {"epochs": (3, (1,), (1, "last")), "split": ("train",), "samples": (1,)},
    "DoctorOptions": {"seeds": (0, 101), "budget": (-1, nan), "fail_on": ("good",)},
    "SweepOptions": {"trials": (0, 100_001, True)},
}


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [(record, name, each) for record, wrong in REFUSED.items() for name in wrong for each in wrong[name]],
)
def test_what_is_outside_the_bounds_is_refused_by_name(record, name, value):
    (made,) = (each for each in RECORDS if each.__name__ == record)
    with pytest.raises(UsageError, match=name):
        made(**{name: value})


@pytest.mark.parametrize("record", RECORDS)
def test_numbers_of_too_many_digits_for_a_message_are_refused_in_one_line(record):
    needed = {each.name: "x" for each in fields(record) if each.default is MISSING}
    for name in (each.name for each in fields(record)):
        for value in (HUGE, (HUGE,), {"a": HUGE}):
            with suppress(UsageError):
                record(**needed | {name: value})


def test_what_is_inside_is_kept_as_plain_numbers():
    kept = TSNESettings(perplexity=[np.float32(10), 30], early_samples=np.int64(2), momentum=0)
    assert (kept.perplexity, kept.early_samples, kept.momentum) == ((10.0, 30.0), 2, 0.0)
    assert isinstance(kept.perplexity, tuple)
    assert {type(each) for each in (*kept.perplexity, kept.momentum, kept.early_samples)} == {float, int}
    assert (TSNESettings(perplexity=(30,)).perplexity, ConfidenceOptions(accuracy=1).wanted) == (30, (1.0,))
    assert TSNESettings() != TSNESettings(), "one may hold an array"
    assert TableOptions("y") == TableOptions("y") != TableOptions("z")
    assert ModelForm(hidden=[4, np.int64(3)], batch_norm=np.True_) == ModelForm((4, 3), batch_norm=True)
