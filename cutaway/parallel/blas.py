"""BLAS on one thread, for as long as anyone needs it."""

from contextlib import AbstractContextManager
from functools import cached_property
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


class _SingleThreadedBlas(AbstractContextManager[None]):
    """A limit of one thread that is set when the first user enters and lifted when the last one leaves.

    Two users may overlap, for example a search and a warm-up in another thread. If each restored the number of threads
    that it found, the one that leaves last could leave BLAS on one thread for good.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._limits = self._controller.limit(limits=1, user_api="blas")
            self._users += 1

    @cached_property
    def _controller(self) -> "ThreadpoolController":
        """Of the libraries that are loaded, which are looked for once: it takes 3 ms."""
        import scipy.linalg  # noqa: F401  # Numba calls SciPy's BLAS, which can be limited only once it is loaded
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._limits.restore_original_limits()


_SHARED = _SingleThreadedBlas()


def single_threaded_blas() -> AbstractContextManager[None]:
    """Keep BLAS on one thread inside a ``with`` block; blocks may be nested and may overlap in several threads.

    Use it where threads of our own each multiply matrices, or start right after a product: threads of BLAS wait for
    work in a busy loop for 50 ms, on the cores that ours need.
    """
    return _SHARED
