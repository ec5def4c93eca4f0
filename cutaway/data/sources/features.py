# pyright: basic
# pyarrow has no types
"""What a Hugging Face dataset on disk says about its columns: the names of classes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.checks import whole_number
from cutaway.data.tables import ColumnarReader
from cutaway.errors import DataError
from cutaway.log import survive

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 2**24
"""Bytes of dataset_info.json at most: a million names of classes."""


@dataclass(frozen=True)
class Features:
    """What the columns of a dataset are.

    Attributes:
        columns: Names of all columns.
        class_names: Names of the classes of each column of classes.
    """

    columns: tuple[str, ...]
    class_names: dict[str, tuple[str, ...]]

    @property
    def only_classes(self) -> str | None:
        """The column of classes, if there is just one."""
        found = [column for column in self.columns if column in self.class_names]
        return found[0] if len(found) == 1 else None

    def names_of(self, column: str, labels: Sequence[str]) -> tuple[str, ...]:
        """The names of some labels of a column, if they are numbers of its classes; otherwise the labels themselves."""
        names = dict(enumerate(self.class_names.get(column, ())))
        found = [names[place] for place in map(whole_number, labels) if place in names]
        return tuple(found if len(found) == len(labels) else labels)


def read_features(reader: ColumnarReader) -> Features:
    """Read what the columns of a file are: from its types, its metadata, or dataset_info.json next to it.

    Raises:
        DataError: It holds images.
    """
    schema, file = reader.schema, next(iter(reader.states))
    if image := next((field.name for field in schema if _is_image(field.type)), None):
        raise DataError(
            f'the column "{image}" of {file} holds images, not numbers, text or dates',
            hint="open it with the package datasets, and pass the images to Dataset.from_arrays",
        )
    raw = (schema.metadata or {}).get(b"huggingface", b"")
    described = _described(raw, "info", "features") or _described(_beside(file), "features")
    named = {name: feature.get("names") for name, feature in described.items() if isinstance(feature, dict)}
    names = {str(column): tuple(map(str, found)) for column, found in named.items() if isinstance(found, list)}
    return Features(tuple(schema.names), names)


def _is_image(kind: "pa.DataType") -> bool:
    """Whether a column is as `datasets.Image` is stored: a struct of the bytes of a file and its path."""
    import pyarrow as pa

    if not pa.types.is_struct(kind) or {field.name for field in kind} != {"bytes", "path"}:
        return False
    content = kind.field("bytes").type
    return pa.types.is_binary(content) or pa.types.is_large_binary(content)


def _beside(file: Path) -> bytes:
    path = file.with_name("dataset_info.json")
    with survive(__name__, f"reading {path}", OSError):
        return path.read_bytes() if path.is_file() and path.stat().st_size <= LONGEST else b""
    return b""


def _described(raw: bytes, *keys: str) -> dict[str, Any]:
    """What some JSON says under some keys, one inside the other; {} if it says nothing."""
    found: Any = {}
    with survive(__name__, "reading the description of a dataset", ValueError, RecursionError):
        found = json.loads(raw or b"{}")
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
