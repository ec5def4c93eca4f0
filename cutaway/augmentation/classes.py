"""Whether augmentation may change the class of an image: a 6 becomes a 9 if it is turned by 180 degrees."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cutaway.neighbors import nearest_among
from cutaway.words import percent

from .settings import Augmentation

# Images that are changed, and images among which their nearest neighbors are searched: 0.05 s for MNIST. Of large
# images there are fewer, and they are compared by every second, third, ... pixel: 0.5 s for color of 224 x 224.
CHANGED, OTHERS = 500, 5000
MAX_BYTES, MAX_SIDE = 2**27, 32
# Below this angle, neighbors are lost because pixels moved, of images of every kind.
LARGE_ROTATION = 45.0
# 51 of 100 mirrored digits lose their class; mirrored textures and symmetric things do not.
LEAST_LOSS, STANDARD_ERRORS = 0.1, 4.0


def class_change(x: Any, y: np.ndarray, augmentation: Augmentation, *, seed: int) -> str | None:
    """Look whether mirrored or turned images still lie among their own class.

    Args:
        x: Raw training images ``(image, *shape)``: an array, or an object that gives rows for row numbers.
        y: int (image,), their classes.
        augmentation: Its mirroring, its rotation if that is more than 45 degrees, and a function of the user are tried
            one at a time.
        seed: Random seed of the choice of up to 500 images, which are compared with up to 5,000 others.

    Returns:
        In words, what makes images lose the class of their nearest neighbor: at least 10 of 100 of them more than of
        images as they are, and more than four standard errors; None if nothing does.
    """
    changes = list(_changes(augmentation))
    if not changes or len(y) < 2:
        return None
    most = max(MAX_BYTES // x[:1].nbytes, 300)
    rows = np.random.default_rng(seed).permutation(len(y))[: min(CHANGED + OTHERS, most)]
    count = min(CHANGED, max(len(rows) // 3, 1))
    changed_rows, other_rows = np.sort(rows[:count]), np.sort(rows[count:])
    down, across = (-(-side // MAX_SIDE) for side in x.shape[1:3])
    images, points = np.asarray(x[changed_rows]), np.asarray(x[other_rows])[:, ::down, ::across]
    own, classes = y[changed_rows], y[other_rows]

    def is_right(changed: np.ndarray) -> np.ndarray:
        flat = [each.reshape(len(each), -1).astype(np.float32) for each in (points, changed[:, ::down, ::across])]
        return classes[nearest_among(flat[0], flat[1], 1).index[:, 0]] == own

    before = is_right(images)
    for name, axes, turned in changes:
        after = is_right(turned.apply(np.flip(images, axes), seed=seed))
        lost = before.astype(float) - after
        if lost.mean() > max(LEAST_LOSS, STANDARD_ERRORS * lost.std() / len(lost) ** 0.5):
            return (
                f"the nearest neighbor of {percent(before.mean(), 0)} of {count} training images is of their own "
                "class, and "
                f"after {name} only of {percent(after.mean(), 0)}"
            )
    return None


def _changes(augmentation: Augmentation) -> Iterator[tuple[str, tuple[int, ...], Augmentation]]:
    """One trial: its name, the axes that are mirrored, and how images are turned."""
    for name, axis in (("horizontal", 2), ("vertical", 1)):
        if augmentation.flip in (name, "both"):
            yield f"flip={name}", (axis,), Augmentation()
    if augmentation.rotation > LARGE_ROTATION:
        yield f"rotation={augmentation.rotation:g}", (), Augmentation(rotation=augmentation.rotation)
    if augmentation.function:
        alone = Augmentation(function=augmentation.function)
        yield str(alone), (), alone
