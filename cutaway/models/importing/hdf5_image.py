"""The bytes of an HDF5 file: every address and size is checked before it is followed.

Source: HDF5 File Format Specification 3.0, section III.E (global heap).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from cutaway.errors import DataError


def refuse(what: str) -> DataError:
    """The error for a file that is damaged or has features that are not supported."""
    return DataError(
        f"the weights are not plain HDF5 as Keras writes it: {what}",
        hint="copy the file again, or save the model again with model.save('model.keras')",
    )


@dataclass(frozen=True, eq=False)
class Image:
    """The bytes of a file, with checked access."""

    data: bytes

    def take(self, start: int, size: int) -> bytes:
        """The `size` bytes at `start`, all of them.

        Raises:
            DataError: They are not all in the file.
        """
        if start < 0 or size < 0 or start + size > len(self.data):
            raise refuse(
                f"a file of {len(self.data):,} bytes that points at byte {start + size:,}: cut short or damaged"
            )
        return self.data[start : start + size]

    def number(self, start: int, size: int) -> int:
        """An unsigned little-endian number."""
        return int.from_bytes(self.take(start, size), "little")

    def expect(self, start: int, mark: bytes) -> None:
        """Check that a structure starts with its signature."""
        if (found := self.take(start, len(mark))) != mark:
            raise refuse(f"{found!r} at byte {start:,}, where {mark!r} must be")

    @cached_property
    def heaps(self) -> dict[int, dict[int, tuple[int, int]]]:
        """Global heaps met so far: address -> object number -> where its bytes are."""
        return {}

    def text(self, address: int, index: int, *, length: int) -> bytes:
        """The first `length` bytes of an object of a global heap, where texts of any length are kept."""
        if address not in self.heaps:
            self.heaps[address] = dict(self._heap_objects(address))
        if index not in self.heaps[address]:
            raise refuse(f"a text that is missing from the heap at byte {address:,}")
        place, size = self.heaps[address][index]
        return self.take(place, min(size, length))

    def _heap_objects(self, address: int) -> Iterator[tuple[int, tuple[int, int]]]:
        self.expect(address, b"GCOL\x01")
        end = address + self.number(address + 8, 8)
        self.take(address, end - address)
        place, last = address + 16, 0
        while place + 16 <= end:
            index, size = self.number(place, 2), self.number(place + 8, 8)
            if index == 0:  # the room that is left
                return
            if place + 16 + size > end or index <= last:
                raise refuse(f"a text at byte {place:,} that is longer than its heap, or out of order")
            last = index  # the library numbers them upwards, which also ends this after 65,535
            yield index, (place + 16, size)
            place += 16 + (size + 7) // 8 * 8
