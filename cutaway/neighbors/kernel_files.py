"""The files of compiled kernels: read only if they are whole, and never the reason why a call fails.

All private names of Numba are here, since it has no public way to check its files: ``cache=True`` and NUMBA_CACHE_DIR
choose the folder alone. With Numba 0.68.1's own files, one that is cut off raises an error in the middle of a call, and
of twelve with one flipped bit in the machine code five ended the process and one gave a wrong number. Upstream:
https://github.com/numba/numba/issues/10434.
"""

import pickle
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile

from cutaway.errors import CutawayWarning

_DIGEST = sha256().digest_size


class KernelFiles(IndexDataCacheFile):
    """The index and the data files of one kernel, each beginning with the SHA-256 of the rest.

    A damaged file counts as none: the kernel is compiled and written again.
    """

    def save(self, key: Any, data: Any) -> None:
        """Keep compiled kernels, or warn once that the folder cannot be written."""
        try:
            super().save(key, data)
        except OSError as error:
            tell_unwritable(self._cache_path, error.strerror or str(error))

    def _load_index(self) -> dict[Any, str]:
        version, stamp, overloads = self._read(self._index_path) or (None, None, {})
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _read(self, path: str) -> Any:
        if not Path(path).is_file():
            return None
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            _tell_damaged(self._cache_path, f"{Path(path).name}: {error.strerror or error}")
            return None
        digest, body = data[:_DIGEST], data[_DIGEST:]
        if sha256(body).digest() != digest:
            _tell_damaged(self._cache_path, f"{Path(path).name} is not as it was written")
            return None
        return pickle.loads(body)

    def _write(self, path: str, data: Any) -> None:
        body = self._dump(data)
        with self._open_for_write(path) as file:
            file.write(sha256(body).digest() + body)


def with_checked_files(dispatcher: Any) -> Any:
    """Let a kernel that was made with ``cache=True`` keep its files in a form that shows damage."""
    files = dispatcher._cache
    files._cache_file = KernelFiles(
        files._cache_path, files._impl.filename_base, files._impl.locator.get_source_stamp()
    )
    return dispatcher


def tell_unwritable(folder: Any, why: str) -> None:
    """Warn once that compiled kernels cannot be kept."""
    _warn_once("unwritable", f"compiled kernels are not kept in {folder}, so every start compiles them: {why}")


def _tell_damaged(folder: Any, why: str) -> None:
    _warn_once("damaged", f"compiled kernels in {folder} are damaged, and are compiled again: {why}")


_WARNED: set[str] = set()


def _warn_once(kind: str, message: str) -> None:
    """Warn of the first of many files: the others share its fate."""
    if kind not in _WARNED:
        _WARNED.add(kind)
        warnings.warn(message, CutawayWarning, stacklevel=2)
