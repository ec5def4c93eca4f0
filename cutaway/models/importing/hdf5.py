"""The part of HDF5 that Keras writes its weights in, read in Python from bytes.

The C library follows links into other files, allocates what a header declares and has a history of memory errors on
damaged files, so untrusted files do not reach it. Here a file consists of groups, text attributes and contiguous
datasets; every address and size is compared with the length of the file before it is followed, and nothing is
unpacked. If a file uses any other part of HDF5, the error names it.

Source: HDF5 File Format Specification 3.0, sections II.A (superblock 0 and 1), III.A.1 (B-tree 1), III.B to III.E
(symbol tables, heaps) and IV.A.1.a (object header 1), which h5py writes by default.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .hdf5_image import Image, refuse
from .hdf5_types import NumberType, TextType, read_shape, read_type

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED = 2**64 - 1

MAX_NAMES = 4096
"""Maximum number of names in one group, and of messages of one object."""

MAX_NAME = 255

MAX_TEXT = 2**24
"""Characters in one attribute; a configuration above 4 MiB is refused later."""

MAX_LEVEL = 8
"""Levels of a B-tree: 8 levels of 32 entries hold more names than a file has room for."""

_SPACE, _LINKS, _TYPE, _EXTERNAL, _LINK, _LAYOUT, _FILTERS, _ATTRIBUTE, _MORE, _TABLE, _ATTRIBUTES = (
    *(0x01, 0x02, 0x03, 0x07, 0x06, 0x08, 0x0B, 0x0C, 0x10, 0x11, 0x15),
)
_LINK_KINDS = {1: "a soft link", 64: "a link into another file"}
_LAYOUTS = {2: "in chunks", 3: "as a virtual dataset of other files"}


@dataclass(frozen=True, eq=False)
class Node:
    """A group or a dataset.

    Attributes:
        image: The file.
        address: Where its header is.
        path: Its name in errors.
    """

    image: Image
    address: int
    path: str

    @cached_property
    def messages(self) -> list[tuple[int, int, int]]:
        """Kind, place and size of each message of the header."""
        image, start = self.image, self.address
        if image.take(start, 4) == b"OHDR":
            raise refuse(f'"{self.path}" in the newer layout of HDF5 (libver "latest")')
        image.expect(start, b"\x01")
        count, found = min(image.number(start + 2, 2), MAX_NAMES), []
        blocks = [(start + 16, image.number(start + 8, 4))]
        for place, size in blocks:
            image.take(place, size)
            end = place + size
            while place + 8 <= end and len(found) < count:
                kind, length, flags = image.number(place, 2), image.number(place + 2, 2), image.number(place + 4, 1)
                if place + 8 + length > end:
                    raise refuse(f'a header of "{self.path}" that is longer than its block')
                if flags & 2 and kind != 0:
                    raise refuse(f'"{self.path}", whose header is shared with another object')
                found.append((kind, place + 8, length))
                if kind == _MORE:
                    if length < 16 or len(blocks) >= MAX_NAMES:
                        raise refuse(f'"{self.path}", whose header never ends')
                    blocks.append((image.number(place + 8, 8), image.number(place + 16, 8)))
                place += 8 + length
        return found

    def _only(self, kind: int) -> tuple[int, int] | None:
        found = [(place, size) for k, place, size in self.messages if k == kind]
        if len(found) > 1:
            raise refuse(f'"{self.path}" with {len(found)} messages of kind {kind} instead of one')
        return found[0] if found else None

    @property
    def is_group(self) -> bool:
        """Whether it holds names rather than values."""
        return any(kind in (_TABLE, _LINKS, _LINK) for kind, _, _ in self.messages)

    @cached_property
    def children(self) -> dict[str, "Node"]:
        """The entries of a group, by name."""
        if any(kind in (_LINK, _LINKS) for kind, _, _ in self.messages):
            raise refuse(f'{self._link()} in "{self.path or "/"}"')
        table = self._only(_TABLE)
        if table is None:
            raise refuse(f'"{self.path}", a dataset where a group must be')
        tree, heap = (self.image.number(table[0] + 8 * i, 8) for i in range(2))
        self.image.expect(heap, b"HEAP\0")
        room, names = self.image.number(heap + 8, 8), self.image.number(heap + 24, 8)
        self.image.take(names, room)
        found: dict[str, Node] = {}
        for entry in self._entries(tree, level=None, seen=set()):
            name = self._name(names, room, offset=self.image.number(entry, 8))
            if self.image.number(entry + 16, 4) == 2:
                raise refuse(f'a soft link "{name}" in "{self.path or "/"}"')
            if name in found or len(found) >= MAX_NAMES:
                raise refuse(f'the name "{name}" twice, or more than {MAX_NAMES} names, in "{self.path or "/"}"')
            found[name] = Node(self.image, self.image.number(entry + 8, 8), f"{self.path}/{name}")
        return found

    def _link(self) -> str:
        """The most dangerous kind of link in a group of the newer layout."""
        for kind, place, _ in self.messages:
            # the kind follows the flags, if they say that it is there; a name in this file needs none
            if kind == _LINK and self.image.number(place + 1, 1) & 8:
                return _LINK_KINDS.get(self.image.number(place + 2, 1), "a link of an unknown kind")
        return "names in the newer layout of HDF5"

    def _entries(self, address: int, *, level: int | None, seen: set[int]) -> Iterator[int]:
        """Addresses of the entries below a node of a group's tree, each node visited once."""
        image = self.image
        if address in seen or len(seen) >= MAX_NAMES:
            raise refuse(f'a name tree of "{self.path or "/"}" that never ends')
        seen.add(address)
        if level == -1:
            image.expect(address, b"SNOD\x01")
            for i in range(image.number(address + 6, 2)):
                image.take(address + 8 + 40 * i, 40)
                yield address + 8 + 40 * i
            return
        image.expect(address, b"TREE\0")
        depth = image.number(address + 5, 1)
        if depth > MAX_LEVEL or (level is not None and depth != level):
            raise refuse(f'a name tree of "{self.path or "/"}" with a level {depth} in the wrong place')
        for i in range(image.number(address + 6, 2)):
            yield from self._entries(image.number(address + 32 + 16 * i, 8), level=depth - 1, seen=seen)

    def _name(self, start: int, room: int, *, offset: int) -> str:
        if offset >= room:
            raise refuse(f'a name outside its heap in "{self.path or "/"}"')
        raw = self.image.take(start + offset, min(room - offset, MAX_NAME + 1)).split(b"\0", 1)
        name = raw[0].decode("utf-8", "replace")
        if len(raw) < 2 or not name.isprintable() or "\ufffd" in name or name in ("", ".", "..") or "/" in name:
            raise refuse(f'the name {name[:40]!r} in "{self.path or "/"}"')
        return name

    def find(self, path: str) -> "Node | None":
        """The node at a path below this group, or None."""
        node = self
        for name in path.split("/"):
            if not node.is_group or name not in node.children:
                return None
            node = node.children[name]
        return node

    def attribute(self, name: str) -> tuple[str, ...] | None:
        """The texts of an attribute, one or many; None if there is no attribute of that name or it is not text."""
        if any(kind == _ATTRIBUTES for kind, _, _ in self.messages):
            raise refuse(f'"{self.path or "/"}" with attributes in the newer layout of HDF5')
        for kind, place, size in self.messages:
            if kind == _ATTRIBUTE and (value := self._attribute(place, size, wanted=name)) is not None:
                return value
        return None

    def _attribute(self, place: int, size: int, *, wanted: str) -> tuple[str, ...] | None:
        image, end = self.image, place + size
        version = image.number(place, 1)
        if version not in (1, 2, 3) or (version > 1 and image.number(place + 1, 1)):
            raise refuse(f'an attribute of "{self.path or "/"}" of version {version}, or of a shared type')
        sizes = [image.number(place + 2 * i, 2) for i in (1, 2, 3)]
        steps = [(part + 7) // 8 * 8 if version == 1 else part for part in sizes]
        start = place + (9 if version == 3 else 8)
        if start + sum(steps) > end:
            raise refuse(f'an attribute of "{self.path or "/"}" that is longer than its message')
        if image.take(start, sizes[0]).split(b"\0")[0] != wanted.encode():
            return None
        kind = read_type(image.take(start + steps[0], sizes[1]))
        shape = read_shape(image.take(start + steps[0] + steps[1], sizes[2]))
        count = int(np.prod(shape, dtype=object))
        if not isinstance(kind, TextType):
            return () if count == 0 else None
        if count > MAX_NAMES or start + sum(steps) + count * kind.size > end:
            raise refuse(f'{count:,} texts in the attribute "{wanted}" of "{self.path or "/"}"')
        texts, room = [], MAX_TEXT
        for i in range(count):
            texts.append(self._text(start + sum(steps) + i * kind.size, kind, room=room))
            room -= len(texts[-1])
        return tuple(texts)

    def _text(self, place: int, kind: TextType, *, room: int) -> str:
        if kind.loose:
            length, address, index = (self.image.number(place + a, b) for a, b in ((0, 4), (4, 8), (12, 4)))
            # many texts may name one place in the file
            if length > room:
                raise refuse(f'texts of more than {MAX_TEXT:,} bytes in an attribute of "{self.path or "/"}"')
            raw = self.image.text(address, index, length=length) if length else b""
        else:
            raw = self.image.take(place, kind.size).rstrip(b"\0")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise refuse(f'a text of "{self.path or "/"}" that is not UTF-8') from None

    @cached_property
    def number_type(self) -> NumberType:
        """The number type of a dataset."""
        message = self._only(_TYPE)
        kind = read_type(self.image.take(*message)) if message else None
        if not isinstance(kind, NumberType):
            raise refuse(f'"{self.path}", which does not hold numbers of float16, bfloat16, float32 or float64')
        return kind

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The declared shape of a dataset."""
        message = self._only(_SPACE)
        if message is None:
            raise refuse(f'"{self.path}", a group where a dataset must be')
        return read_shape(self.image.take(*message))

    @property
    def declared_bytes(self) -> int:
        """The bytes that the declared shape of a dataset takes."""
        return int(np.prod(self.shape, dtype=object)) * self.number_type.size

    def values(self) -> np.ndarray:
        """The values of a dataset, float32 of its shape; float64 is rounded.

        Raises:
            DataError: They do not lie in this file in one piece, plain.
        """
        for kind, what in ((_EXTERNAL, "in another file"), (_FILTERS, "packed by a filter")):
            if any(k == kind for k, _, _ in self.messages):
                raise refuse(f'"{self.path}", whose values are stored {what}')
        layout = self._only(_LAYOUT)
        version, kind = (self.image.number(layout[0] + i, 1) for i in range(2)) if layout else (0, 0)
        if layout is None or version not in (3, 4) or kind > 1:
            raise refuse(f'"{self.path}", whose values are stored {_LAYOUTS.get(kind, "in an unknown layout")}')
        if kind == 0:
            place, size = layout[0] + 4, self.image.number(layout[0] + 2, 2)
        else:
            place, size = (self.image.number(layout[0] + i, 8) for i in (2, 10))
        if size != self.declared_bytes or (place == UNDEFINED and size):
            raise refuse(f'"{self.path}", which declares {self.declared_bytes:,} bytes and holds {size:,} or none')
        raw = self.image.take(place, size) if size else b""
        return self.number_type.decode(raw).reshape(self.shape)


def open_hdf5(data: bytes) -> Node:
    """The root group of a file.

    Raises:
        DataError: It is not HDF5, has the newer layout, or is cut short. Its nodes may raise the same when read.
    """
    image = Image(data)
    if data[:8] != SIGNATURE:
        raise refuse(f"a file that starts with {data[:8]!r}")
    if image.number(8, 1) > 1:
        raise refuse('the newer layout of HDF5 (libver "latest")')
    later = 4 if image.number(8, 1) else 0
    if image.take(13, 2) != b"\x08\x08":
        raise refuse("addresses and lengths that are not 8 bytes long")
    base, end = image.number(24 + later, 8), image.number(40 + later, 8)
    if base or end > len(data):
        raise refuse(f"a file of {len(data):,} bytes that declares {end:,}: cut short or damaged")
    return Node(image, image.number(64 + later, 8), "")
