"""The files in which compiled kernels are kept: read only if they are whole, and never the reason why a call fails."""

import pickle
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile

from cutaway.errors import CutawayWarning

_DIGEST = sha256().digest_size
_told: set[str] = set()


class KernelFiles(IndexDataCacheFile):
    """The index and the data files of one kernel, each beginning with the SHA-256 of the rest.

    Numba's own files have none: one that is cut off raises errors in the middle of a call until somebody deletes it,
    and one flipped bit in machine code can end the process.
    """

    def load(self, key: Any) -> Any:
        """What is kept for a key; None, and once a warning, if it is damaged or cannot be read."""
        try:
            return super().load(key)
        except (ValueError, OSError) as error:
            told = f"compiled kernels in {self._cache_path} are compiled again: {error}"
            _tell_once("damaged", told)
            return None

    def save(self, key: Any, data: Any) -> None:
        """Keep what was compiled; once a warning if the folder cannot be written."""
        try:
            super().save(key, data)
        except OSError as error:
            tell_unwritable(self._cache_path, error)

    def _load_index(self) -> dict[Any, str]:
        if not Path(self._index_path).exists():
            return {}
        try:
            version, stamp, overloads = pickle.loads(_whole(self._index_path))
        except ValueError:
            if not self._saving:
                raise
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_whole(self._data_path(name)))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, data: Any) -> None:
        body = self._dump(data)
        with self._open_for_write(path) as file:
            file.write(sha256(body).digest() + body)
