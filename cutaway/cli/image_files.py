"""Files that figures are written to: checked before the work whose result is drawn, and written."""

import io
from pathlib import Path
from typing import Any

from cutaway.errors import DataError, UsageError

BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF"}
"""What files of each kind begin with."""

TRY = "try --sheet suspects.png"


def check_image_file(path: Path) -> None:
    """Refuse a path that no sheet of images is written to.

    Raises:
        UsageError: The ending is unknown, the folder does not exist, or it is a folder itself.
        DataError: There is a file that is not an image of that kind; it is not replaced.
    """
    from cutaway.runs import check_output

    ending = path.suffix.lower()
    if ending not in BEGINNINGS:
        rule = f"a sheet of images is written to a file that ends in {' or '.join(BEGINNINGS)}"
        raise UsageError(rule, got=str(path), hint=TRY)
    check_output(path)
    if not path.exists():
        return
    if not path.is_file():
        raise UsageError("a sheet of images is written to a file", got=f"{path}, which is none", hint=TRY)
    with open(path, "rb") as file:
        found = file.read(len(BEGINNINGS[ending]))
    if found not in (b"", BEGINNINGS[ending]):
        raise DataError(
            f"only an image is replaced by a sheet of images, in {ending[1:].upper()}",
            got=f"{path}, which is none",
            hint="write it to another file, or delete this one",
        )


def check_images(data: Any) -> None:
    """Refuse a dataset or a table whose samples are no images.

    Raises:
        UsageError: Its samples are not images.
    """
    if getattr(data, "image", None) is None:
        raise UsageError(
            "a sheet shows samples that are images",
            got=f"those of {data.name}, which are none",
            hint="leave out --sheet, and write a list with -o suspects.csv",
        )


def write_image(result: Any, path: Path) -> None:
    """Write the figure of a result, whole or not at all."""
    from cutaway.runs import write_output

    buffer = io.BytesIO()
    result.plot().savefig(buffer, format=path.suffix[1:].lower(), dpi=150)
    write_output(path, buffer.getvalue())
