# pyright: basic
# h5py has no types
"""The part of HDF5 that Keras writes its weights in: groups, texts in attributes, and plain arrays of floats.

Everything else is named and not read: links, values in other files, virtual datasets, chunks and filters. Only the
process of `FileProcess` calls this module, and it can open no file once this is loaded.
"""

import contextlib
import io
import math
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5f, h5g, h5l, h5o  # pyright: ignore[reportAttributeAccessIssue]

NEEDS_FILES = False

MAX_NODES = 2**16
"""Maximum number of groups and datasets: a thousand layers have some 5,000."""

MAX_TEXT = 2**24
"""Characters in all attributes; a configuration above 4 MiB is refused later."""

MAX_RANK = 8

TEXTS = ("model_config", "keras_version", "weight_names")
"""How the names of the attributes begin that Keras reads."""

NUMBERS = ("f2", "f4", "f8", "V2")
"""Kinds and bytes of numbers; h5py stores the bfloat16 of ml_dtypes, unknown to NumPy, as two bytes of no kind."""

_LINKS = {h5l.TYPE_SOFT: "a soft link", h5l.TYPE_EXTERNAL: "a link into another file"}
_LAYOUTS = {h5d.CHUNKED: "in chunks", h5d.VIRTUAL: "as a virtual dataset of other files"}


class _Refused(Exception):
    """Why an object, or the file, is not read."""


def load() -> None:
    """Load what the first file needs, such as codecs, while files can be opened."""
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs[TEXTS[0]] = np.array("a", h5py.string_dtype("ascii"))
        file["number"] = 1.0
    index(data=image.getvalue())
    values(data=image.getvalue(), paths=["number"])


def index(*, data: bytes) -> tuple[dict[str, Any], bytes]:
    """What a file holds, as a tree.

    Args:
        data: The file.

    Returns:
        Of a group its ``children`` by name and the ``texts`` of its attributes by name; of a dataset its ``shape`` and
        the ``bytes`` that its values take in the file; or why an object is ``refused``. And no bytes.
    """
    with h5py.File(h5f.open_file_image(data)) as file:
        return _Tree().group(h5o.open(file.id, b"/"), ()), b""


def values(*, data: bytes, paths: Sequence[str]) -> tuple[None, bytes]:
    """The values of some datasets, one after the other, as float32 in the order of bytes of this machine.

    Args:
        data: The file.
        paths: The names of the datasets from the root, which `index` has not refused.
    """
    arrays = []
    with h5py.File(h5f.open_file_image(data)) as file:
        for path in paths:
            found = file[path]
            assert isinstance(found, h5py.Dataset)
            _shape(found.id)
            raw = found[()]
            if raw.dtype.kind == "V":  # the upper half of a float32
                raw = (raw.view("u2").astype(np.uint32) << 16).view(np.float32)
            with np.errstate(over="ignore"):  # a float64 beyond float32 is infinite, as with astype in Keras
                arrays.append(raw.astype(np.float32).tobytes())
    return None, b"".join(arrays)


class _Tree:
    """A tree that is being made, with the rest of its limits."""

    def __init__(self) -> None:
        self._nodes, self._characters = MAX_NODES, MAX_TEXT

    def group(self, group: h5g.GroupID, above: tuple[int, ...]) -> dict[str, Any]:
        """A group; `above` are the addresses of the groups that it is in."""
        above = (*above, h5o.get_info(group).addr)
        children = {}
        for name in group:
            self._nodes -= 1
            if self._nodes < 0:
                raise _Refused(f"more than {MAX_NODES:,} groups and datasets")
            children[name.decode("utf-8", "replace")] = self._child(group, name, above)
        return {"children": children, "texts": self._texts(h5py.Group(group).attrs)}

    def _child(self, group: h5g.GroupID, name: bytes, above: tuple[int, ...]) -> dict[str, Any]:
        kind = group.links.get_info(name).type
        if kind != h5l.TYPE_HARD:
            return {"refused": _LINKS.get(kind, "a link of an unknown kind")}
        found = h5o.open(group, name)
        if isinstance(found, h5g.GroupID):
            is_circle = h5o.get_info(found).addr in above
            return {"refused": "a group that is inside itself"} if is_circle else self.group(found, above)
        try:
            shape = _shape(found)
        except _Refused as refused:
            return {"refused": str(refused)}
        return {"shape": shape, "bytes": found.get_storage_size()}

    def _texts(self, attributes: Any) -> dict[str, list[str]]:
        texts = {}
        for name in attributes:
            if not name.startswith(TEXTS):
                continue
            found = attributes.get_id(name)
            if found.shape and not math.prod(found.shape):
                texts[name] = []
            elif found.dtype.kind == "S" or h5py.check_string_dtype(found.dtype):
                raw = np.atleast_1d(attributes[name]).ravel().tolist()
                raw = (each if isinstance(each, bytes) else each.encode(errors="surrogateescape") for each in raw)
                texts[name] = [each.decode() for each in raw]
                self._characters -= sum(map(len, texts[name]))
                if self._characters < 0:
                    raise _Refused(f"texts of more than {MAX_TEXT:,} characters")
        return texts


def _shape(found: Any) -> tuple[int, ...]:
    """The shape of a dataset of plain floats that are all in this file.

    Raises:
        _Refused: It is something else.
    """
    if not isinstance(found, h5d.DatasetID):
        raise _Refused("neither a group nor a dataset")
    stored = found.get_create_plist()
    layout = stored.get_layout()
    # first of all: a virtual dataset opens other files to know its shape
    if layout not in (h5d.COMPACT, h5d.CONTIGUOUS):
        raise _Refused(f"values that are stored {_LAYOUTS.get(layout, 'in an unknown layout')}")
    if stored.get_external_count():
        raise _Refused("values that are stored in another file")
    if stored.get_nfilters():
        raise _Refused("values that are packed by a filter")
    kind, dtype = found.get_type(), None
    with contextlib.suppress(TypeError, ValueError):  # a type that NumPy does not have
        dtype = found.dtype
    if dtype is None or f"{dtype.kind}{dtype.itemsize}" not in NUMBERS:
        raise _Refused("values that are not numbers of float16, bfloat16, float32 or float64")
    shape = (0,) if found.shape is None else found.shape
    declared, size = math.prod(shape) * kind.get_size(), found.get_storage_size()
    if len(shape) > MAX_RANK or declared != size:
        raise _Refused(f"the shape {shape}, which takes {declared:,} bytes, and {size:,} bytes of values")
    return shape
