"""Workbooks of Excel and LibreOffice: the cells of a sheet as text.

Only the process of `FileProcess` calls this module.
"""

import io
import re
import zipfile

from python_calamine import CalamineWorkbook, SheetVisibleEnum

NEEDS_FILES = True

MEMORY = 0
"""Bytes of memory that this process may take, set when it starts; what an archive unpacks to is compared with it."""

AS_TEXT = {
    rb'(<(?:\w+:)?c\s[^<>]*\bt=")e(?=")': rb"\1str",
    rb' office:string-value=""': b"",
    rb"<((?:\w+:)?)(c(?:\s(?!t=)[^\s<>]*)*)>(?:<\1f[^<>]*/>|<\1f[^<>]*>[^<]*</\1f>)(?:<\1v\s?/>|<\1v></\1v>)?</\1c>": (
        rb'<\1\2 t="str"><\1v>#NOT COMPUTED!</\1v></\1c>'
    ),
}
"""Cells that calamine reports as empty, in the XML of a sheet, and what it reports as text: errors such as #DIV/0!, in
.xlsx and in .ods, and formulas without a value. (The cell of a formula that returns an empty text has a type.)"""


def read(*, file: str, sheet: str) -> tuple[tuple[list[str], list[list[str]]], bytes]:
    """The rows of a sheet that are not empty, each cell as the text that CSV has for it.

    Args:
        file: The path.
        sheet: The name; if no sheet has it, the only one is read that is visible and not empty.

    Returns:
        The name of the sheet, and its rows, at least one; or the names of several sheets or none, and no rows. And no
        bytes.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(file) as given, zipfile.ZipFile(archive, "w") as changed:
        if sum(part.file_size for part in given.infolist()) > MEMORY:
            raise MemoryError
        for name in given.namelist():
            data = given.read(name)
            for cell, text in AS_TEXT.items():
                data = re.sub(cell, text, data)
            changed.writestr(name, data)
    archive.seek(0)
    book = CalamineWorkbook.from_filelike(archive)
    found = (
        [sheet]
        if sheet in book.sheet_names
        else [
            each.name
            for each in book.sheets_metadata
            if each.visible == SheetVisibleEnum.Visible and book.get_sheet_by_name(each.name).height
        ]
    )
    if len(found) != 1:
        return (found, []), b""
    rows = [
        [str(cell).removesuffix(".0") if isinstance(cell, float) else str(cell).strip() for cell in row]
        for row in book.get_sheet_by_name(found[0]).to_python()
    ]
    return (found, list(filter(any, rows)) or [["column 1"]]), b""
