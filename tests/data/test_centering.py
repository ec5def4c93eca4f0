"""Digits on paper become images as those of a dataset: MNIST's by their mass, scikit-learn's upright."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from cutaway.data import Centering, Dataset, load_again, load_dataset
from cutaway.data.images import center_ink
from cutaway.errors import UsageError

MASS, UPRIGHT = Centering("mass"), Centering("upright")


def center(image):
    return center_ink(image, shape=(28, 28), centering=MASS)


def upright(image):
    return center_ink(image, shape=(8, 8), centering=UPRIGHT)


@pytest.fixture(scope="module")
def digits():
    held = load_dataset("mnist").sources["test"]
    return held.x[:300].reshape(-1, 28, 28), held.y[:300]


def test_a_digit_on_paper_becomes_one_of_mnist(digits):
    """MNIST's own digits, enlarged, as ink on gray paper and off center, come back nearly as they were."""
    distances = []
    for digit in digits[0][:100]:
        large = np.asarray(Image.fromarray(digit).resize((140, 140), Image.Resampling.BICUBIC)).astype(float)
        paper = 220 - 0.8 * np.pad(large, ((10, 90), (70, 20)))
        distances.append(np.abs(center(paper.astype(np.uint8)).astype(int) - digit).mean())
    others = [np.abs(digits[0][n].astype(int) - digits[0][n + 1]).mean() for n in range(100)]
    assert np.median(distances) < np.median(others) / 2


def test_a_digit_may_touch_the_edges(digits):
    """But for a 1, whose tight cut is more ink than paper."""
    alike = []
    for digit in digits[0][digits[1] != 1][:40]:
        rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
        cut = Image.fromarray(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        large = np.asarray(cut.resize((10 * cut.width, 10 * cut.height), Image.Resampling.BICUBIC))
        bright, dark = center(large), center(255 - large)
        assert bright is not None
        assert dark is not None
        alike.append(np.corrcoef(bright.ravel(), digit.ravel())[0, 1])
        assert np.abs(dark.astype(int) - bright).mean() < 2
    assert np.median(alike) > 0.85


def test_a_thin_line_does_not_fade():
    paper = np.full((300, 200), 255, np.uint8)
    paper[40:43, 40:160] = 0
    for step in range(220):
        column = 158 - step // 3
        paper[40 + step, column : column + 2] = 0
    seven = center(paper)
    assert seven is not None
    assert seven.max() > 200
    assert 0.08 < (seven > 100).mean() < 0.3


def test_nothing_is_drawn_on_a_blank_image():
    assert center(np.full((50, 60), 255, np.uint8)) is None
    assert center(np.zeros((50, 60), np.uint8)) is None
    noise = np.random.default_rng(0).normal(200, 4, (80, 80)).astype(np.uint8)
    assert center(noise) is None
    assert center(np.zeros((1, 1), np.uint8)) is None


def test_named_datasets_say_how_they_were_made():
    for name, rule in (("mnist", "mass"), ("digits", "upright")):
        data = load_dataset(name)
        assert data.to_record()["centering"] == {"rule": rule, "dark_ink": False}
        assert load_again(data.origin).centering == data.centering == Centering(rule)
    assert "centering" not in Dataset.from_arrays(np.zeros((4, 3)), [0, 1, 0, 1]).to_record()


def test_a_digit_on_paper_becomes_one_of_uci():
    """Its digits, enlarged, as ink on gray paper, off center and leaning, come back nearly as they were."""
    x = load_dataset("digits").sources["train"].x
    distances = []
    for digit in x[:100]:
        large = np.asarray(Image.fromarray(digit * 15).resize((80, 120), Image.Resampling.BICUBIC)).astype(float)
        leaning = np.stack([np.roll(np.pad(row, (60, 60)), (60 - place) // 5) for place, row in enumerate(large)])
        paper = 220 - 0.8 * np.pad(leaning, ((10, 90), (70, 20)))
        found = upright(paper.astype(np.uint8))
        counts = found * (16 / 255)
        np.testing.assert_allclose(counts, counts.round(), atol=0.04)
        distances.append(np.abs(counts - digit).mean())
    others = [np.abs(x[n].astype(int) - x[n + 1]).mean() for n in range(100)]
    assert np.median(distances) < np.median(others) / 2


def test_strokes_get_the_usual_amount_of_ink_and_stand_upright():
    shares = []
    for width in (2, 8, 25, 60):
        paper = np.zeros((200, 200), np.uint8)
        for row in range(160):  # a leaning line, and a foot
            paper[20 + row, 120 - row // 2 : 120 - row // 2 + width] = 255
        paper[180 - min(width, 40) : 180, 40:160] = 255
        found = upright(paper) / 255
        assert (found[0] > 0).sum() <= 4 < (found[7] > 0).sum()
        assert abs(np.argmax(found[0] > 0) - np.argmax(found[4] > 0)) <= 1, "it does not lean"
        shares.append(found.mean())
    assert 0.1 < min(shares) < max(shares) < 0.5


def test_an_image_of_counts_is_taken_as_it_is():
    for digit in load_dataset("digits").sources["train"].x[:20]:
        image = digit * 15
        assert np.array_equal(upright(image), image)
        assert np.array_equal(upright(255 - image), image)


@given(
    arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([MASS, UPRIGHT, Centering("mass", dark_ink=True), Centering("upright", dark_ink=True)]),
)
def test_any_image_becomes_one_of_any_size_or_none(image, shape, centering):
    found = center_ink(image, shape=shape, centering=centering)
    assert found is None or (found.shape == shape and found.dtype == np.uint8)
    if found is not None:
        light = center_ink(image, shape=shape, centering=dataclasses.replace(centering, dark_ink=False))
        assert np.array_equal(found, 255 - light if centering.dark_ink else light)


def test_a_user_says_how_images_were_made(digits, tmp_path):
    x, y = digits
    np.savez(tmp_path / "dark.npz", x_train=255 - x, y_train=y)
    np.savez(tmp_path / "light.npz", x_train=x, y_train=y)
    for name, dark_ink in (("dark", True), ("light", False)):
        data = load_dataset(tmp_path / f"{name}.npz", centering="mass", name="mine")
        assert (data.centering, data.name) == (Centering("mass", dark_ink=dark_ink), "mine")
        again = load_again(data.origin)
        assert (again.centering, again.name) == (data.centering, "mine")
        assert data.sha256 == load_dataset(tmp_path / f"{name}.npz").sha256
    assert load_dataset(tmp_path / "dark.npz").centering is None
    assert Dataset.from_arrays(x / 255, y, centering="upright").centering == UPRIGHT


def test_what_is_no_centering_is_refused(digits, tmp_path):
    x, y = digits
    with pytest.raises(UsageError):
        Dataset.from_arrays(x, y, centering="middle")
    with pytest.raises(UsageError):
        Dataset.from_arrays(x.reshape(-1, 784), y, centering="mass")
    (tmp_path / "table.csv").write_text("a,b\n" + "1,x\n2,y\n" * 20)
    with pytest.raises(UsageError):
        load_dataset(tmp_path / "table.csv", label="b", centering="mass")
