import base64
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cutaway.errors import DataError
from cutaway.plots.hover import hover_images


def _sheets(shown):
    found = re.findall(r"--cutaway-([0-9a-f]{12})-(\d+): url\(data:image/png;base64,([^)]+)\);", shown.css)
    assert {digest for digest, _, _ in found} == set(re.findall(r"var\(--cutaway-([0-9a-f]{12})-@{sheet}\)", shown.div))
    assert [int(number) for _, number, _ in found] == list(range(len(found)))
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(body)))) for _, _, body in found]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(150, 400), st.integers(150, 400))
def test_every_image_is_in_its_cell_of_its_sheet(count, height, width):
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], (count, height, width)).copy()
    images[:, 0, 0] = 255
    shown = hover_images(images)
    sheets = _sheets(shown)
    for i, image in enumerate(images):
        top = int(shown.columns["sheet_row"][i]) * height
        left = int(shown.columns["sheet_column"][i]) * width
        cell = sheets[shown.columns["sheet"][i]][top : top + height, left : left + width]
        np.testing.assert_array_equal(cell, image)


def test_no_sheet_reaches_the_limit_of_two_mebibytes_of_chromium():
    noise = np.random.default_rng(0).integers(0, 256, (2000, 28, 28), np.uint8)
    shown = hover_images(noise)
    lengths = [len(body) for body in re.findall(r"base64,([^)]+)\)", shown.css)]
    assert len(lengths) == 3  # 892 images of 784 pixels per sheet
    assert max(lengths) < 2**20


@pytest.mark.parametrize(
    ("shape", "style"),
    [
        ((28, 28), "width: 84px; height: 84px"),
        ((8, 6), "width: 60px; height: 80px"),
        ((100, 50), "width: 50px; height: 100px"),
        ((336, 168), "width: 84px; height: 168px"),
        ((8, 6, 3), "width: 60px; height: 80px"),
    ],
)
def test_images_are_enlarged_by_whole_factors_or_shrunk_to_fit(shape, style):
    div = hover_images(np.zeros((2, *shape), np.uint8)).div
    assert style in div
    assert ("pixelated" in div) == (max(shape) <= 168)


def test_an_image_larger_than_a_sheet_is_refused():
    with pytest.raises(DataError):
        hover_images(np.zeros((1, 1000, 1000), np.uint8))
