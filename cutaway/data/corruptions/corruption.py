"""A corruption: a function, how severe it gets, and which samples it applies to."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .traits import SampleTraits


@dataclass(frozen=True)
class Corruption:
    """A way to make samples worse by degrees.

    Attributes:
        name: Its name.
        function: Takes float32 samples (pictures ``(sample, row, column)`` or ``(sample, row, column, channel)``;
            otherwise ``(sample, input)``), the severity, `PictureTraits` or `ColumnTraits`, and a random generator;
            returns corrupted ones. It draws sample by sample, and the same for every severity, so that a curve has no
            jumps by chance.
        of: What it applies to.
        parameter: What the severity is, with its unit.
        severities: Those that are measured, ascending; at the first, 0, nothing is changed.
        lacks: Says of `ColumnTraits` why it does not apply after all; "" if it does.
    """

    name: str
    function: Callable[[np.ndarray, float, Any, np.random.Generator], np.ndarray]
    of: Literal["pictures", "columns"]
    parameter: str
    severities: tuple[float, ...]
    lacks: Callable[[Any], str] = lambda traits: ""

    def refusal(self, traits: SampleTraits) -> str:
        """Why it does not apply to samples; "" if it does."""
        if self.of == "pictures":
            return "" if traits.pictures else f"samples of the shape {traits.shape} are no images"
        return self.lacks(traits.columns) if traits.columns else "samples are images, which have no columns"


def corrupt(
    corruption: Corruption, x: np.ndarray, severity: float, *, traits: SampleTraits, rng: np.random.Generator
) -> np.ndarray:
    """Corrupt samples.

    Args:
        corruption: How; one that applies to these samples.
        x: ``(sample, *shape)``, raw samples, uint8 or float32; they are not changed.
        severity: How much; 0 changes nothing.
        traits: What is known of these samples and all others that are corrupted.
        rng: See `corruption_generator`.

    Returns:
        Corrupted samples of the same shape and dtype, in the range of the samples.
    """
    known = traits.pictures if corruption.of == "pictures" else traits.columns
    given = x.astype(np.float32)
    found = corruption.function(given if traits.pictures else given.reshape(len(x), -1), severity, known, rng)
    return (np.rint(found) if x.dtype == np.uint8 else found).astype(x.dtype).reshape(x.shape)


def corruption_generator(corruption: Corruption, *, seed: int) -> np.random.Generator:
    """The random generator of a corruption: another corruption, or one more of them, draws other numbers."""
    return np.random.default_rng([seed, zlib.crc32(corruption.name.encode())])
