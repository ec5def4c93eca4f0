"""The manifest of a new run: run.json before the first epoch."""

from collections.abc import Mapping
from typing import Any

import keras

from cutaway.checks import warn_user
from cutaway.data import Dataset, Split
from cutaway.models import spec_of
from cutaway.runs import NUMBERS_FORMAT, keeps_predictions

from .config import TrainingConfig
from .device import describe_device, describe_versions


def new_manifest(
    *,
    origin: str,
    data: Dataset,
    split: Split,
    model: keras.Model | None,
    config: Mapping[str, Any],
    first_weights: str,
) -> dict[str, Any]:
    """Put together the manifest of a new run folder, as `cutaway.runs.RunWriter.create` takes it.

    Args:
        origin: How the run comes about: "training" by cutaway, a user's own "keras fit", or a ready-made "model".
        data: The dataset.
        split: Its split.
        model: A built model of supported layers; None for other layers, which have no specification.
        config: The fields of a `TrainingConfig`, None if a value is not known; `known_config` fills them in.
        first_weights: Where they come from: `DRAWN` or `GIVEN`.

    Raises:
        ModelError: The model is not of supported layers.
    """
    return {
        **({"format": NUMBERS_FORMAT} if data.task.is_numbers else {}),
        "origin": origin,
        "dataset": data.to_record(),
        **split_record(data, split),
        "model": None if model is None else spec_of(model),
        "first_weights": first_weights,
        "config": dict(config),
        "seed": config["seed"],
        "versions": describe_versions(),
        "device": describe_device(),
    }


def split_record(data: Dataset, split: Split) -> dict[str, Any]:
    """The fields of a manifest: the samples of each part, and what the run is judged on."""
    held_out = split.test if len(split.test) else split.val
    return {"split": split.to_record(), "judged_on": data.digest_of(held_out) if len(held_out) else None}


def warn_of_predictions(samples: int, classes: int) -> None:
    """Warn that predictions are not recorded after each epoch, if they would be too large."""
    if not keeps_predictions(samples, classes):
        warn_user(
            f"predictions are not recorded after each epoch: {samples:,} samples of {classes:,} classes would "
            f"take {2 * samples * classes / 1e6:,.0f} MB an epoch"
        )


def known_config(**known: Any) -> dict[str, Any]:
    """The fields of a `TrainingConfig` as far as they are known; the others are None."""
    return dict.fromkeys(TrainingConfig.model_fields) | known
