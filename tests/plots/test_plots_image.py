import base64
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cutaway.errors import DataError
from cutaway.plots import data_uri, image_png, signed_png, sprite_sheet
from cutaway.plots.theme import BLUE, ORANGE


def _read(png, mode="L"):
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.mode) == ("PNG", mode)
        return np.asarray(image)


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5), st.sampled_from([(), (3,)])).flatmap(
        lambda s: arrays(np.uint8, (*s[:3], *s[3]))
    ),
    st.one_of(st.none(), st.integers(1, 15)),
)
def test_every_image_is_in_its_cell(images, columns):
    png, used = sprite_sheet(images, columns=columns)
    count, height, width, *channels = images.shape
    sheet = _read(png, "RGB" if channels else "L")
    assert used == (columns or math.ceil(math.sqrt(count)))
    assert sheet.shape == (math.ceil(count / used) * height, used * width, *channels)
    for i, image in enumerate(images):
        top, left = i // used * height, i % used * width
        np.testing.assert_array_equal(sheet[top : top + height, left : left + width], image)
    assert sheet.sum() == images.sum(dtype=np.int64)  # unused cells are black


def test_floats_from_0_to_1_become_gray_levels_from_0_to_255():
    png = image_png(np.array([[0.0, 0.5, 1.0]], np.float32))
    assert _read(png).tolist() == [[0, 128, 255]]


def test_three_channels_are_red_green_and_blue():
    assert _read(image_png(np.array([[[1.0, 0.5, 0.0]]], np.float32)), "RGB").tolist() == [[[255, 128, 0]]]


def test_an_image_is_enlarged_without_blur():
    assert _read(image_png(np.array([[7, 200]], np.uint8), scale=2)).tolist() == [[7, 7, 200, 200]] * 2


def test_a_sheet_of_ten_thousand_digits_is_small():
    rng = np.random.default_rng(0)
    images = np.zeros((10_000, 28, 28), np.uint8)
    images[:, 10:16, 10:16] = rng.integers(0, 256, (10_000, 6, 6))
    png, columns = sprite_sheet(images)
    assert columns == 100
    assert len(png) < 500_000  # 360,000 random bytes and 7.5 million black ones


def test_a_data_uri_contains_the_bytes():
    head, body = data_uri(b"\x89PNG\xff").split(",")
    assert (head, base64.b64decode(body)) == ("data:image/png;base64", b"\x89PNG\xff")


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((5, 784), np.uint8),
        np.zeros((5, 8, 8, 2), np.uint8),
        np.zeros((0, 8, 8), np.uint8),
        np.full((1, 2, 2), 255.0),
        np.full((1, 2, 2), -0.1),
        np.full((1, 2, 2), np.nan),
        np.zeros((1, 2, 2), np.int64),
    ],
)
def test_invalid_images_are_refused(images):
    with pytest.raises(DataError):
        sprite_sheet(images)


def test_a_scale_below_one_is_refused():
    with pytest.raises(DataError):
        image_png(np.zeros((2, 2), np.uint8), scale=0)


def test_weights_are_orange_above_zero_blue_below_and_transparent_at_zero():
    with Image.open(io.BytesIO(signed_png([[2.0, -1.0, 0.0]], scale=2))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (6, 2))
        pixels = np.asarray(image)
    np.testing.assert_array_equal(pixels[0], pixels[1])
    orange, blue = (bytes.fromhex(color[1:]) for color in (ORANGE, BLUE))
    assert [bytes(pixel) for pixel in pixels[0, ::2]][:2] == [orange + b"\xff", blue + b"\x80"]
    assert pixels[0, 4, 3] == 0
    with Image.open(io.BytesIO(signed_png(np.zeros((2, 2))))) as image:
        assert not np.asarray(image)[..., 3].any()
