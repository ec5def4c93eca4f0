"""Datatypes and shapes in HDF5.

Source: HDF5 File Format Specification 3.0, sections IV.A.2.b (dataspace) and IV.A.2.d (datatype).
"""

import sys
from dataclasses import dataclass

import numpy as np

from cutaway.errors import DataError

MAX_RANK = 8

_FLOAT, _STRING, _OPAQUE, _VARIABLE = 1, 3, 5, 9

# bytes -> exponent place, exponent bits, mantissa place, mantissa bits, bias; IEEE 754 and bfloat16
_FLOATS: dict[tuple[int, ...], str] = {
    (2, 10, 5, 0, 10, 15): "f2",
    (2, 7, 8, 0, 7, 127): "bfloat16",
    (4, 23, 8, 0, 23, 127): "f4",
    (8, 52, 11, 0, 52, 1023): "f8",
}


def _damaged(what: str) -> DataError:
    return DataError(
        f"the HDF5 file holds a value that is neither a plain float nor text: {what}",
        hint="copy the file again, or save the model again",
    )


@dataclass(frozen=True)
class NumberType:
    """A kind of floating-point number.

    Attributes:
        name: "f2", "f4", "f8" or "bfloat16".
        size: Bytes of one.
        big: Whether the most significant byte comes first.
    """

    name: str
    size: int
    big: bool

    def decode(self, raw: bytes) -> np.ndarray:
        """The numbers in some bytes, float32 ``(number,)`` of its own memory."""
        order = ">" if self.big else "<"
        if self.name == "bfloat16":  # the upper half of a float32
            wide = np.frombuffer(raw, f"{order}u2").astype(np.uint32) << 16
            return wide.view(np.float32)
        with np.errstate(over="ignore"):  # a float64 beyond float32 is infinite, as with astype in Keras
            return np.frombuffer(raw, f"{order}{self.name}").astype(np.float32)


@dataclass(frozen=True)
class TextType:
    """A kind of text.

    Attributes:
        size: Bytes of one where it stands.
        loose: Whether the value points into a heap.
    """

    size: int
    loose: bool


def read_type(message: bytes) -> NumberType | TextType | None:
    """The kind of values that a datatype message declares; None for one that is not needed here.

    Raises:
        DataError: It is cut short.
    """
    if len(message) < 8:
        raise _damaged("a type that is cut short")
    kind, bits, size = message[0] & 15, message[1:4], int.from_bytes(message[4:8], "little")
    if kind == _FLOAT and len(message) >= 20:
        offset, precision = (int.from_bytes(message[i : i + 2], "little") for i in (8, 10))
        bias = int.from_bytes(message[16:20], "little")
        name = _FLOATS.get((size, *message[12:16], bias))
        # bit 6 of the first byte is the VAX order; bits 4 and 5 say that the mantissa's first bit is implied
        if name and not offset and precision == 8 * size and not bits[0] & 0x40 and bits[0] & 0x30 == 0x20:
            return NumberType(name, size, big=bool(bits[0] & 1))
        return None
    if kind == _OPAQUE and size == 2:  # how h5py stores the bfloat16 of ml_dtypes, which NumPy does not know
        return NumberType("bfloat16", 2, big=sys.byteorder == "big")
    if kind == _STRING:
        return TextType(size, loose=False) if size else None
    if kind == _VARIABLE and bits[0] & 15 == 1 and size == 16:
        return TextType(16, loose=True)
    return None


def read_shape(message: bytes) -> tuple[int, ...]:
    """The sizes that a dataspace message declares; () for a single value, (0,) for none.

    Raises:
        DataError: It is cut short, or has more than `MAX_RANK` axes.
    """
    if len(message) < 4 or message[0] not in (1, 2):
        raise _damaged("sizes in an unknown format")
    version, rank = message[0], message[1]
    start = 8 if version == 1 else 4
    if rank > MAX_RANK or len(message) < start + 8 * rank:
        raise _damaged(f"{rank} axes, or sizes that are cut short")
    if version == 2 and message[3] == 2:
        return (0,)
    return tuple(int.from_bytes(message[start + 8 * i : start + 8 * i + 8], "little") for i in range(rank))
