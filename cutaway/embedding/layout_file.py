"""A layout as the bytes of a cache file, and back."""

import io
import json
import zipfile
from dataclasses import asdict
from typing import Any

import numpy as np

from cutaway.errors import DataError

from .layout import Layout, Quality

FORMAT = 3
# Prefix of the arrays that identify the samples, so that their names cannot clash with ours.
ID = "id_"


def layout_to_npz(layout: Layout, ids: dict[str, np.ndarray]) -> bytes:
    """Convert a layout and the identities of its samples to an npz file without pickle.

    Args:
        layout: The layout.
        ids: Arrays (sample,) of numbers or text that identify the samples, such as "split" and "index".

    Raises:
        DataError: An array of ``ids`` has another length than the layout or holds objects.
    """
    arrays: dict[str, Any] = {ID + name: np.asarray(array) for name, array in ids.items()}
    for name, array in arrays.items():
        if array.shape != (len(layout.xy),) or array.dtype.hasobject:
            raise DataError(
                "an identity is one number or text for each sample",
                got=f"{name.removeprefix(ID)} of shape {array.shape}, type {array.dtype} for {len(layout.xy)} samples",
                hint="pass an array of integers or text (dtype str) with the length of the layout",
            )
    record = asdict(layout) | {"format": FORMAT}
    xy, misplaced = record.pop("xy"), record.pop("misplaced")
    if misplaced is not None:
        arrays["misplaced"] = misplaced
    record["measured"] = misplaced is not None  # an array may be missing in an archive with a damaged directory
    file = io.BytesIO()
    text = json.dumps(record, allow_nan=False)
    np.savez(file, xy=xy, layout=np.array(text), **arrays)
    return file.getvalue()


def layout_from_npz(data: bytes) -> tuple[Layout, dict[str, np.ndarray]]:
    """Read what `layout_to_npz` wrote.

    Returns:
        The layout and the arrays (sample,) that identify the samples.

    Raises:
        DataError: The bytes are damaged, or in another format.
    """
    try:
        arrays = _read_arrays(data)
        # such coordinates would be refused wherever they are used, and would stay in the cache
        _require(all(np.isfinite(each).all() for each in arrays.values() if each.dtype.kind == "f"), "NaN or infinity")
        record = json.loads(str(arrays.pop("layout")), parse_constant=_refuse)
        layout = _read_layout(arrays.pop("xy"), arrays.pop("misplaced", None), record=record)
        _require(all(name.startswith(ID) for name in arrays), "unknown arrays")
        _require(all(array.shape == (len(layout.xy),) for array in arrays.values()), "identities of another length")
    # numpy, zipfile and json raise a dozen types on damaged bytes, and they all mean the same here
    except Exception as error:
        raise DataError(
            f"an embedding file is an npz of format {FORMAT} as cutaway writes it",
            got=" ".join(f"{type(error).__name__}: {error}".split()),
            hint="delete the file: it is a cache, and embedding again writes a new one",
        ) from error
    return layout, {name.removeprefix(ID): array for name, array in arrays.items()}


def _read_arrays(data: bytes) -> dict[str, np.ndarray]:
    # Our files are not compressed: a file that claims more content than it has bytes would inflate in memory.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _require(sum(member.file_size for member in archive.infolist()) <= len(data), "more content than bytes")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)


def _read_layout(xy: np.ndarray, misplaced: np.ndarray | None, *, record: dict[str, Any]) -> Layout:
    _require(record.pop("format") == FORMAT, "another format")
    _require(xy.dtype == np.float32 and xy.ndim == 2 and xy.shape[1] == 2, "coordinates that are no float32 pairs")
    _require(not record.pop("measured", False) or misplaced is not None, "a measure missing")
    fits = misplaced is None or (misplaced.dtype == np.float32 and misplaced.shape == (len(xy),))
    _require(fits, "a measure that is not one float32 a sample")
    quality = record.pop("quality")
    layout = Layout(xy=xy, quality=quality and Quality(**quality), misplaced=misplaced, **record)
    _require(isinstance(layout.method, str), "a method without a name")
    _require(isinstance(layout.settings, dict) and isinstance(layout.seconds, dict), "settings that are no table")
    return layout


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} among the settings and measures")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
