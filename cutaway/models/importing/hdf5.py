"""What an HDF5 file holds, as a process of its own reads it: see `cutaway.file_process.hdf5`."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cutaway.errors import DataError
from cutaway.file_process import FileProcess

SIGNATURE = b"\x89HDF\r\n\x1a\n"

COPIES = 10
"""Memory to read a file, in its size: numbers of 16 bits become 32, and texts that lie on one another take any size."""


@dataclass(frozen=True, eq=False)
class Node:
    """A group or a dataset.

    Attributes:
        found: What the process says of it.
        path: Its name in errors.
    """

    found: Mapping[str, Any]
    path: str

    def _get(self, what: str) -> Any:
        """An entry of the index.

        Raises:
            DataError: It is not read, or of another kind.
        """
        if what not in self.found:
            why = self.found.get("refused", f"no {what}")
            raise DataError(
                f'the weights are not plain HDF5 as Keras writes it: {why}, at "{self.path}"',
                hint='copy the file again, or save the model again with model.save("model.keras")',
            )
        return self.found[what]

    @property
    def is_group(self) -> bool:
        """Whether it holds names rather than values."""
        return "children" in self.found

    @cached_property
    def children(self) -> dict[str, "Node"]:
        """The entries of a group, by name."""
        return {name: Node(child, f"{self.path}/{name}") for name, child in self._get("children").items()}

    def find(self, path: str) -> "Node | None":
        """The node at a path below this group, or None."""
        node = self
        for name in path.split("/"):
            if not node.is_group or name not in node.children:
                return None
            node = node.children[name]
        return node

    def attribute(self, name: str) -> list[str] | None:
        """The texts of an attribute, one or many; None if there is no attribute of that name or it is not text."""
        return self._get("texts").get(name)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a dataset."""
        return tuple(self._get("shape"))

    @property
    def bytes(self) -> int:
        """The bytes that the values of a dataset take in the file."""
        return self._get("bytes")


@dataclass(frozen=True, eq=False)
class Hdf5File:
    """An HDF5 file.

    Attributes:
        data: Its bytes.
        name: What it is called in errors.
        process: What reads it.
        root: Its root group.
    """

    data: bytes
    name: str
    process: FileProcess
    root: Node

    def values(self, nodes: Sequence[Node]) -> list[np.ndarray]:
        """The values of some datasets, float32 of their shapes, read-only; float64 is rounded.

        Raises:
            DataError: They do not lie in this file in one piece, plain.
        """
        paths = [node.path for node in nodes]
        _, raw = self.process.ask("values", name=self.name, data=self.data, paths=paths)
        numbers = np.frombuffer(raw, np.float32)
        ends = np.cumsum([0, *(math.prod(node.shape) for node in nodes)]).tolist()
        pairs = zip(nodes, itertools.pairwise(ends), strict=True)
        return [numbers[first:last].reshape(node.shape) for node, (first, last) in pairs]


def open_hdf5(data: bytes, name: str) -> Hdf5File:
    """Open an HDF5 file.

    Args:
        data: Its bytes.
        name: What it is called in errors.

    Raises:
        DataError: It is damaged, or larger than the limits.
    """
    process = FileProcess("hdf5", COPIES * len(data))
    found, _ = process.ask("index", name=name, data=data)
    return Hdf5File(data, name, process, Node(found, ""))
