"""pyarrow's compute functions, which are made when it is imported: no type checker knows them."""

from typing import Any


def compute() -> Any:
    """The module `pyarrow.compute`."""
    import pyarrow.compute

    return pyarrow.compute
