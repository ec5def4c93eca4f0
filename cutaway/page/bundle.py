"""Arrays that travel with a page: as base64 in the single file, as bytes to a notebook or from a server."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

GAIN = 0.9
"""Arrays are compressed where that makes them at most this large: coordinates gain 1%, and unpacking takes time."""

LEVEL = 6
"""Of gzip, for a file that is kept: 9 makes images 1% smaller in three times the time."""

QUICK_LEVEL = 1
"""Of gzip, where somebody waits: images are 11% larger than at level 6 and take 40% of the time."""


@dataclass(frozen=True)
class Bundle:
    """Arrays by their number, with what a page must know of each to read it.

    Attributes:
        records: dtype, shape and whether it is compressed, of each array.
        data: The bytes of each, little-endian.
        level: Of gzip.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    level: int = LEVEL

    def add(self, array: NDArray[Any]) -> int:
        """Add an array and return its number.

        Args:
            array: int8, uint8, uint16, uint32, int16, int32, float32 or float64, of any shape.
        """
        plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        packed = gzip.compress(plain, self.level, mtime=0)
        zipped = len(packed) <= GAIN * len(plain)
        self.records.append({"dtype": array.dtype.name, "shape": list(array.shape), "gzip": zipped})
        self.data.append(packed if zipped else plain)
        return len(self.data) - 1

    def add_texts(self, texts: Sequence[str]) -> int:
        """Add texts, as one array of bytes with a JSON list, and return its number."""
        return self.add(np.frombuffer(json.dumps(list(texts)).encode(), np.uint8))
