"""Which reader opens a table."""

from pathlib import Path

from .columnar import FORMATS, open_columnar
from .delimited import open_delimited
from .reader import Reader


def open_reader(path: Path, *, header: bool | None = None) -> Reader:
    """Open a table in a file or a folder: columnar ones by the ending of their names, everything else as text.

    Args:
        path: The file, or a folder of columnar files.
        header: Whether line 1 of a text table holds names; None finds it out.

    Raises:
        DataError: The file is damaged or empty, or two columns have the same name.
    """
    if path.is_dir() or path.suffix.lower() in FORMATS:
        return open_columnar(path)
    return open_delimited(path, header=header)
