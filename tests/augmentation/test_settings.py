"""Settings of augmentation: what is read, written and refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway import Augmentation
from cutaway.augmentation import PRESETS, as_augmentation
from cutaway.errors import ConfigError


def share(most):
    return st.floats(0, most)


AUGMENTATIONS = st.builds(
    Augmentation,
    shift=share(0.5),
    rotation=share(180),
    scale=share(1),
    shear=share(1),
    elastic=share(0.2),
    crop=share(0.9),
    flip=st.sampled_from(["none", "horizontal", "vertical", "both"]),
    brightness=share(1),
)


@given(AUGMENTATIONS)
def test_what_is_written_is_read_again(augmentation):
    expected = augmentation if str(augmentation) else None
    assert as_augmentation(str(augmentation) or None) == expected
    assert as_augmentation(augmentation.model_dump()) == expected


def test_a_preset_has_a_name_and_none_means_none():
    assert as_augmentation("characters") == PRESETS["characters"]
    assert str(PRESETS["characters"]) == "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02"
    assert as_augmentation(None) is None
    assert as_augmentation("none") is None


@pytest.mark.parametrize("nothing", [None, "none", {}, "shift=0", Augmentation(), Augmentation(flip="none", crop=0)])
def test_what_changes_nothing_is_none(nothing):
    assert as_augmentation(nothing) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "charcters",
        "Photos",
        "",
        3,
        np.array([1, 2]),
        {1: 2},
        "rotation=200",
        "rotation=-1",
        "rotation=nan",
        "rotation=ten",
        "rotation=10,rotation=5",
        "flip=up",
        "rotaton=10",
        {"shift": True},
        {"shift": None},
    ],
)
def test_what_is_wrong_is_refused_by_name(wrong):
    with pytest.raises(ConfigError):
        as_augmentation(wrong)
    if isinstance(wrong, dict) and "shift" in wrong:
        with pytest.raises(ConfigError):
            Augmentation(**wrong)


NAMES = st.sampled_from([*Augmentation.model_fields, "hue", ""])
VALUES = st.one_of(st.floats().map(str), st.sampled_from(["both", "none", "up", "", "="]), st.text(max_size=5))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4).map(lambda pairs: ",".join(map("=".join, pairs))))
def test_any_text_is_read_or_refused(text):
    try:
        found = as_augmentation(text)
    except ConfigError:
        return
    assert found is None or as_augmentation(str(found)) == found


def test_a_preset_can_be_changed():
    assert as_augmentation("photos, flip=none, rotation=20") == Augmentation(
        shift=0.05, rotation=20, crop=0.2, brightness=0.2
    )
    with pytest.raises(ConfigError):
        as_augmentation("photo, rotation=20")
