"""Spaces of settings by name; every one holds the default recipe, so that the first trial counts for the search."""

from collections.abc import Mapping
from typing import Any

_SMALL: dict[str, Any] = {
    "learning_rate": {"low": 0.0003, "high": 0.03, "log": True},
    "dropout": {"low": 0.0, "high": 0.5},
    "layers": {"low": 1, "high": 3},
    "units": {"low": 32, "high": 512, "log": True},
}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "small": _SMALL,
    "default": {
        "optimizer": ["adam", "adamw"],
        "weight_decay": {"low": 0.0001, "high": 0.5, "log": True},
        **_SMALL,
        "batch_size": [32, 64, 128, 256],
        "units": {"low": 32, "high": 1024, "log": True},
    },
    "optimizer": {
        "optimizer": ["sgd", "adam", "adamw"],
        "learning_rate": {"low": 0.0001, "high": 0.3, "log": True},
        "momentum": {"low": 0.0, "high": 0.98},
        "weight_decay": {"low": 0.0001, "high": 0.5, "log": True},
        "schedule": ["constant", "cosine", "one-cycle"],
        "batch_size": [32, 64, 128, 256],
    },
}
"""Name -> what `read_space` takes: "small" is about the model and its learning rate, "default" adds the batch size and
the weight decay, and "optimizer" leaves the model as it is."""
