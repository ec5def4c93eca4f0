"""Images drawn with letters."""

import itertools
import re

import numpy as np
import pytest

from cutaway.cli.text_images import IMAGE_WIDTH, text_image


def test_letters_say_how_bright_an_image_is():
    image = np.repeat(np.linspace(0, 1, 4)[None], 4, axis=0)
    lines = text_image(image)
    assert lines == [" " * 6 + "-" * 6 + "*" * 6 + "@" * 6] * 12
    assert text_image(np.stack([image] * 3, axis=2)) == lines


def test_lines_keep_the_shape_of_an_image_and_never_more_than_the_width():
    assert [len(text_image(np.zeros(shape))) for shape in ((28, 28), (10, 20), (2, 300), (900, 9))] == [12, 6, 1, 24]
    assert {len(line) for line in text_image(np.ones((500, 333)))} == {IMAGE_WIDTH}


@pytest.mark.exhaustive
def test_show_draws_an_image_as_the_model_saw_it(cutaway, tmp_path):
    small = ("--hidden", "8", "--epochs", "3")
    assert cutaway("train", "digits", *small, "--augment", "rotation=20")[0] == 0
    code, said, _ = cutaway("show", "latest")
    assert code == 0
    drawn = re.search(r"sample\[\d+\] as the model saw it:\n\n(.+?)\n\n", said, re.DOTALL)[1]
    lines = drawn.splitlines()
    assert lines[0].split() == ["as", "it", "is", "epoch", "1", "epoch", "2"]
    assert len(lines) == 13
    columns = [[line.ljust(80)[start : start + IMAGE_WIDTH] for line in lines[1:]] for start in (2, 28, 54)]
    assert "%%%" in "".join(columns[0])
    for one, other in itertools.combinations(columns, 2):
        assert one != other


@pytest.mark.exhaustive
def test_where_the_data_are_gone_show_says_so_and_goes_on(cutaway, tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (60, 6, 6), np.uint8)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=np.arange(60) % 2)
    assert cutaway("train", str(tmp_path / "data.npz"), "--hidden", "8", "--epochs", "1", "--augment", "photos")[0] == 0
    (tmp_path / "data.npz").rename(tmp_path / "moved.npz")
    code, said, _ = cutaway("show", "latest")
    assert (code, "--data" in said) == (0, True)
