"""NumPy's .npz as a source of data: sizes are checked in the zip directory and the headers before reading."""

import textwrap
import zipfile
from pathlib import Path

import numpy as np

from cutaway.errors import CutawayError, DataError

from .idx import DEFLATE_RATIO, LIMIT
from .npy import check_header

NAMES = ("x_train", "y_train", "x_test", "y_test")


def read_npz(path: Path, *, limit: int = LIMIT) -> dict[str, np.ndarray]:
    """Reads the arrays of a dataset from an .npz file; nothing is unpickled.

    Args:
        path: The file.
        limit: The most bytes of arrays to accept, all together.

    Returns:
        "x_train" and "y_train", and "x_test" and "y_test" where they are present; other arrays are left unread.

    Raises:
        DataError: Damaged, larger than `limit`, a name is missing, or an array holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _find_members(archive, path)
            total = sum(member.file_size for member in members.values())
            if total > limit:
                raise DataError(
                    f"an .npz file holds at most {limit} bytes of data",
                    got=f"{path} with {total}",
                    hint="keep fewer samples, or smaller values such as uint8",
                )
            return {name: _read_member(archive, member, path=path) for name, member in members.items()}
    except CutawayError:
        raise
    # Damaged bytes make zipfile, zlib and NumPy's header parser raise too many kinds to list, tokenize.TokenError even.
    except Exception as error:
        raise _damaged(path, textwrap.shorten(str(error) or type(error).__name__, 200)) from None


def _find_members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    present = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    lacking = [name for name in NAMES[:2] if name not in present]
    if lacking:
        raise DataError(
            "an .npz dataset holds x_train and y_train, and x_test and y_test where there is a test",
            got=f"{path} without {' and '.join(lacking)}, with {sorted(present)[:10]}",
            hint="save it with np.savez(file, x_train=..., y_train=..., x_test=..., y_test=...)",
        )
    return {name: present[name] for name in NAMES if name in present}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, path: Path) -> np.ndarray:
    # NumPy writes only these two kinds; the others pack without a useful bound.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(path, f"{member.filename} is packed with method {member.compress_type}")
    if member.file_size > DEFLATE_RATIO * min(member.compress_size, path.stat().st_size):
        raise _damaged(path, f"{member.filename} declares {member.file_size} bytes, more than can be in it")
    with archive.open(member) as stream:
        check_header(stream, size=member.file_size, name=member.filename)
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _damaged(path: Path, what: str) -> DataError:
    return DataError(
        "an .npz file is whole and holds no Python objects",
        got=f"{path} ({what})",
        hint="copy, download or save the file again",
    )
