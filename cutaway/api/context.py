"""An old import path, which pickles of version 0.1 name."""

from cutaway.context import RunContext, _reopen  # pyright: ignore[reportPrivateUsage]

__all__ = ["RunContext", "_reopen"]
