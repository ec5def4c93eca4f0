"""What a model answers: one of some classes, or numbers. Decided once, when data are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cutaway.errors import UsageError

STRATA = 10
"""Strata of samples whose answers are numbers: tenths of the target, where there are enough samples."""

LEAST = 12
"""Samples in a stratum, where there are few: each part of a split of 60 rows then has samples of each."""


FOR_NUMBERS = "for numbers there are predictions, errors, mistakes, columns, findings, learning curves and the report"


@dataclass(frozen=True)
class Task:
    """What the answers of a model mean.

    Attributes:
        class_names: Name of each class number; empty if the answers are numbers.
        targets: Names of the numbers; empty if the answers are classes.
        is_log: Whether the model learns the logarithm of the targets.
    """

    class_names: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    is_log: bool = False

    @property
    def is_numbers(self) -> bool:
        """Whether the answers are numbers."""
        return bool(self.targets)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each output of a model."""
        return self.targets or self.class_names

    def __str__(self) -> str:
        return f"numbers: {', '.join(self.targets)}" if self.is_numbers else f"{len(self.class_names)} classes"

    def texts(self, y: np.ndarray) -> list[str]:
        """Answers in words: the names of classes; numbers to five digits, several after the name of each.

        Args:
            y: int ``(sample,)`` class numbers, or float ``(sample, target)``.
        """
        if not self.is_numbers:
            return [self.class_names[k] for k in y.tolist()]
        if len(self.targets) == 1:
            return [number_text(value) for value in y[:, 0].tolist()]
        return [
            ", ".join(f"{t} {number_text(v)}" for t, v in zip(self.targets, row, strict=True)) for row in y.tolist()
        ]

    def strata(self, labels: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Groups of samples with alike answers, for draws in which each has its share.

        A class is a group. Numbers are divided by the first target into tenths, or into fewer groups of about `LEAST`
        samples; equal numbers are in one group.

        Args:
            labels: By source, int ``(sample,)`` class numbers, or float ``(sample, target)``.

        Returns:
            int64 ``(sample,)`` by source: the number of each sample's group, from 0.
        """
        if not self.is_numbers:
            return labels
        values, counts = np.unique(np.concatenate([y[:, 0] for y in labels.values()]), return_counts=True)
        upto, done, ends = np.cumsum(counts), 0, list[float]()
        least = max(upto[-1] / STRATA, LEAST)
        while upto[-1] - done >= 1.5 * least:
            last = int(np.searchsorted(upto, done + least))
            done = int(upto[last])
            if upto[-1] - done >= least / 2:
                ends.append(values[last])
        return {source: np.searchsorted(np.array(ends), y[:, 0]).astype(np.int64) for source, y in labels.items()}

    def need_classes(self, what: str, hint: str = FOR_NUMBERS) -> None:
        """Refuse what has no meaning for numbers.

        Raises:
            UsageError: The answers are numbers.
        """
        if self.is_numbers:
            raise UsageError(f"{what} needs classes, and these data have {self}", hint=hint)

    def need_numbers(self, what: str, hint: str) -> None:
        """Refuse what has no meaning for classes.

        Raises:
            UsageError: The answers are classes.
        """
        if not self.is_numbers:
            raise UsageError(f"{what} needs targets that are numbers, and these data have {self}", hint=hint)


def number_text(value: float) -> str:
    """A number to five digits: "12,345", "0.012345", "1.2345e+09"."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.5g}"


def stratum_names(count: int) -> tuple[str, ...]:
    """What groups of samples whose answers are numbers are called: "lowest tenth", ..., "highest tenth"."""
    if count == 1:
        return ("all of them",)
    part = {10: "tenth", 5: "fifth", 4: "quarter", 3: "third", 2: "half"}.get(count, f"of {count} parts")
    ordinals = ("lowest", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
    return tuple(f"{'highest' if k == count - 1 else ordinals[k]} {part}" for k in range(count))
