"""Whether augmentation may change the class of an image: a 6 that is turned is a 9, and a mirrored 2 is none."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cutaway.neighbors import nearest_among

from .settings import Augmentation

# Images that are changed, and images among which their nearest neighbors are searched: 0.05 s of MNIST.
CHANGED, OTHERS = 500, 5000
# Below this angle, neighbors are lost because pixels moved, of images of every kind.
LARGE_ROTATION = 45.0
# A change is told from chance and from pixels that moved: of mirrored digits 60 of 100 lose their class, of textures
# and symmetric things none.
LEAST_LOSS, STANDARD_ERRORS = 0.1, 4.0


def class_change(x: Any, y: np.ndarray, augmentation: Augmentation, *, seed: int) -> str | None:
    """Look whether mirrored or turned images still lie among their own class.

    Args:
        x: Raw training images ``(image, *shape)``: an array, or an object that gives rows for row numbers.
        y: int (image,), their classes.
        augmentation: Of which mirroring and turning by more than 45 degrees are tried, each alone.
        seed: Random seed of the choice of 500 images, which are compared with up to 5,000 others.

    Returns:
        In words, what makes images lose the class of their nearest neighbor: at least 10 of 100 of them more than of
        images as they are, and more than four standard errors; None where nothing does.
    """
    changes = list(_changes(augmentation))
    if not changes or len(y) < 2:
        return None
    rows = np.random.default_rng(seed).permutation(len(y))[: CHANGED + OTHERS]
    # of few images a third is changed
    count = min(CHANGED, len(rows) // 3 or 1)
    images, points = np.asarray(x[np.sort(rows[:count])]), np.asarray(x[np.sort(rows[count:])])
    own, classes = y[np.sort(rows[:count])], y[np.sort(rows[count:])]

    def is_right(changed: np.ndarray) -> np.ndarray:
        flat = [each.reshape(len(each), -1).astype(np.float32) for each in (points, changed)]
        return classes[nearest_among(flat[0], flat[1], 1).index[:, 0]] == own

    before = is_right(images)
    for name, axes, turned in changes:
        after = is_right(turned.apply(np.flip(images, axes), seed=seed))
        lost = before.astype(float) - after
        if lost.mean() > max(LEAST_LOSS, STANDARD_ERRORS * lost.std() / len(lost) ** 0.5):
            return (
                f"with {name}, {after.mean():.0%} of {count} training images have a nearest neighbor of their own "
                f"class, and {before.mean():.0%} as they are"
            )
    return None


def _changes(augmentation: Augmentation) -> Iterator[tuple[str, tuple[int, ...], Augmentation]]:
    """What is tried: its name, the axes that are mirrored, and how images are turned."""
    for name, axis in (("horizontal", 2), ("vertical", 1)):
        if augmentation.flip in (name, "both"):
            yield f"flip={name}", (axis,), Augmentation()
    if augmentation.rotation > LARGE_ROTATION:
        yield f"rotation={augmentation.rotation:g}", (), Augmentation(rotation=augmentation.rotation)
