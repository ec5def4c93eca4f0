"""An .npz file of NumPy; sizes are checked in the zip directory and the headers before anything is read."""

import textwrap
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.idx import DEFLATE_RATIO, LIMIT, check_unpacked
from cutaway.data.npy import ObjectsError, check_header
from cutaway.errors import CutawayError, DataError

from .record import DataSource, dataset_from_files

NAMES = ("x_train", "y_train", "x_test", "y_test")


def read_npz(path: Path, *, limit: int = LIMIT) -> dict[str, np.ndarray]:
    """Read the arrays of a dataset from an .npz file; nothing is unpickled.

    Args:
        path: The file.
        limit: Largest number of bytes to accept, of all arrays together.

    Returns:
        "x_train" and "y_train", and "x_test" and "y_test" if present; other arrays are not read.

    Raises:
        DataError: The file is damaged or larger than `limit`, an array is missing, or one holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _find_members(archive, path)
            total = sum(member.file_size for member in members.values())
            if total > limit:
                raise DataError(
                    f"{path} holds {total} bytes of data, more than {limit}",
                    hint="use fewer samples, or a smaller dtype such as uint8",
                )
            check_unpacked(path, packed=path.stat().st_size, unpacked=total)
            return {name: _read_member(archive, member, path=path) for name, member in members.items()}
    except CutawayError:
        raise
    # On damaged files zipfile, zlib and NumPy's header parser raise too many kinds to list, even tokenize.TokenError.
    except Exception as error:
        raise _damaged(path, textwrap.shorten(str(error) or type(error).__name__, 200)) from error


def _find_members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    present = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    lacking = [name for name in NAMES[:2] if name not in present]
    if lacking:
        raise DataError(
            f"{path} has no {' and no '.join(lacking)}, only {sorted(present)[:10]}",
            hint="save it with np.savez(file, x_train=..., y_train=..., x_test=..., y_test=...)",
        )
    return {name: present[name] for name in NAMES if name in present}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, path: Path) -> np.ndarray:
    # NumPy writes only these two; others compress without a useful bound.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(path, f"{member.filename} is compressed with method {member.compress_type}")
    if member.file_size > DEFLATE_RATIO * min(member.compress_size, path.stat().st_size):
        raise _damaged(path, f"{member.filename} declares {member.file_size} bytes, more than it can contain")
    with archive.open(member) as stream:
        try:
            check_header(stream, size=member.file_size, name=member.filename)
        except ObjectsError:
            raise DataError(
                f"{member.filename} in {path} holds Python objects (dtype object), which are not read",
                hint="save numbers as such, and labels that are text with y.astype(str)",
            ) from None
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _damaged(path: Path, what: str) -> DataError:
    return DataError(
        f"{path} is not a complete .npz file without Python objects ({what})",
        hint="copy, download or save the file again",
    )


def load(where: str | Path, *, class_names: Sequence[str] | None = None) -> Dataset:
    """Load the dataset of an .npz file."""
    return dataset_from_files(read_npz(Path(where)), where, class_names=class_names)


SOURCE = DataSource(
    "an .npz file",
    lambda where: isinstance(where, Path) and where.suffix.lower() == ".npz",
    load,
    options=frozenset({"class_names"}),
)
