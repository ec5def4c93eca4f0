"""The body of a request that brings several files one after the other, read without holding all of it."""

import contextlib
from collections.abc import AsyncIterator

from cutaway.errors import DataError, UsageError

from .uploads import PIECE

HEAD_BYTES = 1 << 18
"""Of the line that says which files a request brings."""


class RequestBody:
    """The body of a request, read in parts of a known size.

    Args:
        pieces: As they come.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces, self._waiting = pieces, bytearray()

    async def line(self) -> bytes:
        """The bytes before the first line feed.

        Raises:
            UsageError: There is none in the first `HEAD_BYTES`.
        """
        while (end := self._waiting.find(b"\n")) < 0:
            if len(self._waiting) > HEAD_BYTES or not await self._more():
                raise UsageError(
                    f"a request begins with a line of at most {HEAD_BYTES:,} bytes", got="none", hint="reload the page"
                )
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        return line

    async def next(self, size: int) -> AsyncIterator[bytes]:
        """The next bytes in pieces of at most a megabyte, at least one piece.

        Raises:
            DataError: There are fewer.
        """
        while True:
            while len(self._waiting) < min(size, PIECE):
                if not await self._more():
                    raise DataError(
                        "images are as large as announced", got="fewer bytes", hint="upload the folder again"
                    )
            piece = bytes(self._waiting[: min(size, PIECE)])
            del self._waiting[: len(piece)]
            size -= len(piece)
            yield piece
            if not size:
                return

    async def rest(self) -> bool:
        """Whether there is more."""
        while not self._waiting:
            if not await self._more():
                return False
        return True

    async def _more(self) -> bool:
        with contextlib.suppress(StopAsyncIteration):  # all has come
            self._waiting += await anext(self._pieces)
            return True
        return False
