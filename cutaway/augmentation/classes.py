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
# Least share of images that lose their class, and its least multiple of the standard error: 51 of 100 mirrored digits
# do, mirrored textures and symmetric things do not.
LEAST_LOSS = (0.1, 4.0)
# Images as they are, others that are changed, and in how many ways each of these is: 2 s for MNIST. Of 100 training
# images, by the augmentation of the recipe `minute`, MNIST loses up to 0.9 and the digits of scikit-learn 1.0, six
# seeds; Fashion-MNIST 5.4 to 8.4.
AS_THEY_ARE, REFERENCES, COPIES = 2000, 4000, 4
LEAST_MIXING = (0.03, 3.0)
LEAST_IMAGES = 20


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
    changed_rows, other_rows = _chosen(x, y, CHANGED, OTHERS, seed=seed)
    images, others = np.asarray(x[changed_rows]), _points(x[other_rows])

    def is_right(changed: np.ndarray) -> np.ndarray:
        return _has_own_neighbor(_points(changed), y[changed_rows], others, y[other_rows])

    before = is_right(images)
    found = (
        _loss(before, is_right(turned.apply(np.flip(images, axes), seed=seed)), f"after {name}", LEAST_LOSS)
        for name, axes, turned in changes
    )
    return next(filter(None, found), None)


def class_mixing(x: Any, y: np.ndarray, augmentation: Augmentation, *, seed: int) -> str | None:
    """Look whether images as they are still resemble their own class the most once all others are changed.

    The changed image itself is not checked: its pixels have moved away from all images.

    Args:
        x: As in `class_change`.
        y: As in `class_change`.
        augmentation: It is tried as a whole.
        seed: Random seed of the choice of up to 2,000 images, which are compared with up to 4,000 others, changed in
            four ways, and of these changes.

    Returns:
        In words, that images lose the class of their nearest neighbor: at least 3 of 100, and more than three standard
        errors; None if they do not.
    """
    if len(y) < 2:
        return None
    rows, other_rows = _chosen(x, y, AS_THEY_ARE, REFERENCES, seed=seed)
    images, others = _points(x[rows]), np.asarray(x[other_rows])
    changed = [_points(augmentation.apply(others, seed=seed, epoch=epoch)) for epoch in range(COPIES)]
    before = _has_own_neighbor(images, y[rows], _points(others), y[other_rows])
    after = _has_own_neighbor(images, y[rows], np.concatenate(changed), np.tile(y[other_rows], COPIES))
    return _loss(before, after, "among changed images", LEAST_MIXING)


def _chosen(x: Any, y: np.ndarray, count: int, others: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of images that are looked at, at most a third, and of others, in order; fewer of large images."""
    most = max(MAX_BYTES // x[:1].nbytes, 300)
    rows = np.random.default_rng(seed).permutation(len(y))[: min(count + others, most)]
    count = min(count, max(len(rows) // 3, 1))
    return np.sort(rows[:count]), np.sort(rows[count:])


def _points(images: Any) -> np.ndarray:
    """float32 ``(image, pixel)``: of large images every second, third, ... pixel."""
    images = np.asarray(images)
    down, across = (-(-side // MAX_SIDE) for side in images.shape[1:3])
    return images[:, ::down, ::across].reshape(len(images), -1).astype(np.float32)


def _has_own_neighbor(images: np.ndarray, own: np.ndarray, others: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return classes[nearest_among(others, images, 1).index[:, 0]] == own


def _loss(before: np.ndarray, after: np.ndarray, how: str, least: tuple[float, float]) -> str | None:
    """In words, how many images have lost the neighbor of their class; None if they are fewer than `least`."""
    lost = before.astype(float) - after
    if len(lost) < LEAST_IMAGES or lost.mean() <= max(least[0], least[1] * lost.std() / len(lost) ** 0.5):
        return None
    return (
        f"the nearest neighbor of {percent(before.mean(), 0)} of {len(lost):,} training images is of their own class, "
        f"and {how} only of {percent(after.mean(), 0)}"
    )


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
