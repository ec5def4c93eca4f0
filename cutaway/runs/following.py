"""A run folder that another process writes: what the other processes of a training have in place of a writer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .manifest import Manifest
from .writer import RunWriter


class FollowingWriter(RunWriter):
    """Writes nothing: the first process of the training does."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest, self.begun = path, manifest, False

    def begin(self) -> None:
        """Note that the training has begun."""
        self.begun = True

    def update(self, **fields: Any) -> None:
        """Do nothing."""

    def discard(self) -> None:
        """Do nothing."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Do nothing."""

    def progress(self, row: Mapping[str, Any]) -> None:
        """Do nothing."""

    def snapshot(self, epoch: int, weights: Mapping[str, np.ndarray]) -> None:
        """Do nothing."""

    def predictions(self, epoch: int, probabilities: np.ndarray, *, exact: bool = False) -> None:
        """Do nothing."""

    def checkpoint(self, tensors: Mapping[str, np.ndarray], position: Mapping[str, Any]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
