"""Images that have most of their brightness in common, with and without batch normalization: which need it?

The sum of the means of all pixels over the square root of the sum of their variances decides which recipe "default"
means (`cutaway.data.LARGE_MEAN`). Its limit was chosen on the digits and on the shapes. The photographs, on which it is
judged, are those that come with scikit-learn, cut into squares: which of the two is a square from?
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from cutaway.data import LARGE_MEAN, mean_over_spread
from cutaway.training import find_recipe, recipe_for

SEEDS = range(3)
TRAIN, TEST = 3000, 1000
Samples = tuple[np.ndarray, np.ndarray]


def digits(*, gray: float = 0.0, inverted: bool = False) -> Samples:
    """Digits of MNIST, dark on light, or on a gray instead of a black background."""
    source = ct.load_dataset("mnist").sources["train"]
    x = source.x[: TRAIN + TEST].astype(np.float32) / 255
    return gray + (1 - gray) * (1 - x if inverted else x), source.y[: TRAIN + TEST]


def shapes(light: float, *, side: int = 16) -> Samples:
    """Disks, squares and triangles of any color and place on a background of about one brightness, with noise."""
    random = np.random.default_rng(0)
    row, column = np.mgrid[:side, :side] / side
    y = random.integers(3, size=TRAIN + TEST)
    x = np.empty((len(y), side, side, 3), np.float32)
    for image, kind in zip(x, y, strict=True):
        (down, right), size = random.uniform(0.35, 0.65, 2), random.uniform(0.15, 0.28)
        below, beside = row - down, np.abs(column - right)
        inside = (
            below**2 + beside**2 < size**2,
            (np.abs(below) < 0.85 * size) & (beside < 0.85 * size),
            (2 * beside < below + size) & (np.abs(below) < size),
        )[kind]
        image[:] = np.where(inside[..., None], random.uniform(0, 1, 3), light + random.uniform(-0.05, 0.05, 3))
    return np.clip(x + random.normal(0, 0.03, x.shape), 0, 1).astype(np.float32), y


def photographs(side: int) -> Samples:
    """Squares from two photographs of scikit-learn: from its left two thirds to train on, from the rest to test."""
    from sklearn.datasets import load_sample_images

    random, photos = np.random.default_rng(0), load_sample_images().images
    y = random.integers(2, size=TRAIN + TEST)
    border = 2 * photos[0].shape[1] // 3
    squares = list[np.ndarray]()
    for number, kind in enumerate(y):
        photo = photos[kind][:, :border] if number < TRAIN else photos[kind][:, border:]
        row, column = (random.integers(size - side) for size in photo.shape[:2])
        squares.append(photo[row : row + side, column : column + side])
    return np.stack(squares).astype(np.float32) / 255, y


IMAGES: dict[str, Callable[[], Samples]] = {
    "digits": digits,
    "digits on 10% gray": lambda: digits(gray=0.1),
    "digits on 30% gray": lambda: digits(gray=0.3),
    "dark digits on white": lambda: digits(inverted=True),
    "shapes on 15% gray": lambda: shapes(0.15),
    "shapes on 50% gray": lambda: shapes(0.5),
    "shapes on 90% gray": lambda: shapes(0.9),
    "shapes on 90% gray, 32 x 32": lambda: shapes(0.9, side=32),
    "squares of photographs, 8 x 8": lambda: photographs(8),
    "squares of photographs, 24 x 24": lambda: photographs(24),
}


def accuracy(data: ct.Dataset, seed: int, **form: Any) -> float:
    """Share of the test samples that the settings of the default recipe predict right with a model."""
    with tempfile.TemporaryDirectory() as runs:
        run = ct.train(ct.mlp(**form), data, seed=seed, runs=runs, progress=False)
    assert run.test is not None
    return run.test["accuracy"]


def main() -> int:
    print(f"images with and without batch normalization: test accuracy, {len(SEEDS)} seeds\n  {machine()}")
    rows: dict[str, dict[str, float]] = {}
    for name, make in IMAGES.items():
        x, y = make()
        data = ct.Dataset.from_arrays(x[:TRAIN], y[:TRAIN], x_test=x[TRAIN:], y_test=y[TRAIN:], scale=1.0)
        found = {"mean over spread": mean_over_spread(x[:TRAIN])}
        for recipe in ("default", "photos"):
            form = find_recipe(recipe).form
            accuracies = [accuracy(data, seed, **asdict(form)) for seed in SEEDS]
            found |= {recipe: float(np.mean(accuracies)), f"{recipe}, lowest": min(accuracies)}
        rows[name] = found
        print(
            f"  {name:<32} {found['mean over spread']:5.0f}  {recipe_for('default', data):<8} "
            f"default {found['default']:.1%}  photos {found['photos']:.1%}",
            flush=True,
        )
    keep("bright_images", {"rows": rows})
    loss = 0.0  # accuracy of the better recipe less that of the chosen one; 0.01 is chance on 1,000 test samples
    for each in rows.values():
        chosen, other = ("photos", "default") if each["mean over spread"] > LARGE_MEAN else ("default", "photos")
        loss = max(loss, each[other] - each[chosen])
    return verdict({"the recipe that is chosen is at most 1 point below the other": loss <= 0.01})


if __name__ == "__main__":
    sys.exit(main())
