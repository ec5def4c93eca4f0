"""Which sample is which: (source, index in that source), kept through every selection."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import DataError


@dataclass(frozen=True, eq=False)
class SampleIds:
    """The identities of some samples, in order.

    Attributes:
        sources: The names of the sources that `code` points into, at most 256.
        code: uint8 (sample,), an index into `sources`.
        index: int64 (sample,), the position inside that source, from 0.

    Raises:
        DataError: The arrays are of another dtype, rank or length, or a code points past `sources`.
    """

    sources: tuple[str, ...]
    code: np.ndarray
    index: np.ndarray

    def __post_init__(self) -> None:
        fits = (
            self.code.dtype == np.uint8
            and self.index.dtype == np.int64
            and self.code.ndim == 1
            and self.code.shape == self.index.shape
        )
        if not fits:
            raise DataError(
                "sample ids are a uint8 code and an int64 index of one length",
                got=f"{self.code.dtype} {self.code.shape} and {self.index.dtype} {self.index.shape}",
                hint="take them from a Split",
            )
        if self.code.size and self.code.max() >= len(self.sources):
            raise DataError(
                f"a sample's code points into its {len(self.sources)} sources",
                got=str(self.code.max()),
                hint="take ids from a Split",
            )

    def __len__(self) -> int:
        return len(self.code)

    def __getitem__(self, position: int) -> str:
        return f"{self.sources[self.code[position]]}[{self.index[position]}]"

    def take(self, selection: Any) -> "SampleIds":
        """The ids at some positions: an integer array, a slice or a boolean mask, as NumPy indexes."""
        return SampleIds(self.sources, self.code[selection], self.index[selection])

    def names(self) -> list[str]:
        """Every id as text, such as ``test[7]``, in order."""
        return [f"{self.sources[code]}[{index}]" for code, index in zip(self.code, self.index, strict=True)]
