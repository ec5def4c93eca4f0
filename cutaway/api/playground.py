"""Writes the playground, with some of the digits of MNIST in it."""

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cutaway.data import load_dataset
from cutaway.page import PlaygroundDigits, PlaygroundPage, render_playground
from cutaway.runs import check_output, write_output

TRAIN, TEST_STEP = 10_000, 10
"""Digits in the file: the first training images, and every tenth test image, since the first ones are harder."""

NOTICE = (
    "The digits are the first 10,000 training images and every tenth test image of the MNIST database by Yann LeCun, "
    "Corinna Cortes and Christopher J. C. Burges. Copyright: Yann LeCun and Corinna Cortes; commonly distributed under "
    "CC BY-SA 3.0."
)


def playground_page(*, studio: str = "", start: dict[str, Any] | None = None) -> PlaygroundPage:
    """Make the playground: an HTML file of about 3 MB.

    Args:
        studio: See `cutaway.page.render_playground`.
        start: What it begins with, as `playground_start` returns it; the two moons if None.
    """
    if start is None:
        return _plain_page(studio)
    return render_playground(_digits(), version=version("cutaway"), studio=studio, start=start)


@cache
def _plain_page(studio: str) -> PlaygroundPage:
    return render_playground(_digits(), version=version("cutaway"), studio=studio)


def _digits() -> PlaygroundDigits:
    sources = load_dataset("mnist").sources
    train, test = sources["train"], sources["test"]
    return PlaygroundDigits(
        x=train.x[:TRAIN],
        y=train.y[:TRAIN].astype("uint8"),
        x_test=test.x[::TEST_STEP],
        y_test=test.y[::TEST_STEP].astype("uint8"),
        notice=NOTICE,
    )


def write_playground(path: Path, *, start: dict[str, Any] | None = None) -> Path:
    """Write the playground into one HTML file that works from disk without a network.

    Args:
        path: Where to write it.
        start: See `playground_page`.

    Raises:
        UsageError: The file cannot be written.
    """
    check_output(path)
    write_output(path, playground_page(start=start).html.encode())
    return path
