"""Training images as a run saw them, if they were changed at random."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cutaway.context import RunContext
from cutaway.data import stratified_sample


class ChangedImages(NamedTuple):
    """Some training images of a run.

    Attributes:
        names: Names of the images.
        shown: "as it is" and "epoch 1", ... -> float32 ``(image, row, column[, 3])`` in 0..1.
        how: The augmentation in words.
    """

    names: Sequence[str]
    shown: Mapping[str, np.ndarray]
    how: str


def changed_images(context: RunContext, *, images: int, epochs: Sequence[int]) -> ChangedImages | None:
    """Some training images of a run, of every class, as they are and as its model saw them in some epochs.

    Returns:
        None where images were not changed, and if there are no epochs.

    Raises:
        ConfigError: A function of the user changed them that this process does not have.
        DataError: The data cannot be loaded.
    """
    from cutaway.training import recorded_config

    if not context.manifest.config.get("augment") or not epochs:
        return None
    config, train = recorded_config(context.manifest.config), context.split.train
    augmentation = config.augmentation
    assert augmentation is not None
    rows, data = context.data.rows(train), context.data
    numbers = stratified_sample(data.y(train), min(images, len(train)), seed=0)
    seen = {f"epoch {epoch}": augmentation.rows(rows, seed=config.seed, epoch=epoch)[numbers] for epoch in epochs}
    shown = {name: data.shown(x) for name, x in {"as it is": rows[numbers], **seen}.items()}
    return ChangedImages(context.named(train.take(numbers)).names(), shown, str(augmentation))
