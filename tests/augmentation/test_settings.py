"""Settings of augmentation: what is read, written and refused."""

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
    assert as_augmentation(str(augmentation)) == augmentation
    assert as_augmentation(augmentation.model_dump()) == augmentation


def test_a_preset_has_a_name_and_none_means_none():
    assert as_augmentation("characters") == PRESETS["characters"]
    assert str(PRESETS["characters"]) == "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02"
    assert as_augmentation(None) is None
    assert as_augmentation("none") is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("charcters", 'pass for example augment="characters"'),
        ("", "augment is characters, photos, none"),
        (3, "augment is characters, photos, none"),
        ("rotation=200", "rotation of an augmentation is less than or equal to 180; got 200.0; next: try rotation=11"),
        ("rotation=-1", "rotation of an augmentation is greater than or equal to 0"),
        ("rotation=nan", "rotation of an augmentation is a finite number"),
        ("rotation=ten", "rotation of an augmentation is not text"),
        ("flip=up", "flip of an augmentation is 'none', 'horizontal', 'vertical' or 'both'"),
        ("rotaton=10", "rotation"),
        ({"shift": True}, "shift of an augmentation is not text or a truth value"),
        ({"shift": None}, "shift of an augmentation is"),
    ],
)
def test_what_is_wrong_is_refused_by_name(wrong, said):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        as_augmentation(wrong)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        found = as_augmentation(text)
    except ConfigError:
        return
    assert found is None or as_augmentation(str(found)) == found
