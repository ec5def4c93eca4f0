"""Small workbooks, written as the programs of offices write them."""

import datetime
import io
import re
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OPEN = "urn:oasis:names:tc:opendocument:xmlns"

FORMULA = object()
"""A formula that nobody has computed."""


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def xlsx_cell(place, value):
    if isinstance(value, datetime.date):
        return f'<c r="{place}" s="1"><v>{(value - datetime.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="{"e" if value[:1] == "#" else "str"}"><f>A1</f><v>{escape(value)}</v></c>'
    if value is FORMULA:
        return f'<c r="{place}"><f>A1*2</f><v></v></c>'
    return "" if value is None else f'<c r="{place}"><v>{value}</v></c>'


def xlsx(path, sheets, *, hidden=(), prefix=""):
    """Write a workbook of Excel; a number in the place of a row skips rows, and a prefix is one of names in XML."""
    link = '<Relationship Id="r{0}" Type="{1}/{2}" Target="{3}"/>'.format
    book, parts, links = "", {}, link("s", OFFICE, "styles", "styles.xml")
    for k, (name, rows) in enumerate(sheets.items()):
        links += link(k, OFFICE, "worksheet", f"{k}.xml")
        book += f'<sheet name="{name}" sheetId="{k + 1}" r:id="r{k}" state="{("visible", "hidden")[name in hidden]}"/>'
        text, number = "", 1
        for row in rows:
            if isinstance(row, int):
                number += row
                continue
            cells = (xlsx_cell(f"{chr(65 + at)}{number}", value) for at, value in enumerate(row))
            text += f'<row r="{number}">{"".join(cells)}</row>'
            number += 1
        text = re.sub("(</?)", rf"\1{prefix}", f"<worksheet><sheetData>{text}</sheetData></worksheet>")
        mark = f"xmlns:{prefix}".rstrip(":")
        parts[f"xl/{k}.xml"] = text.replace("worksheet", f'worksheet {mark}="{MAIN}"', 1)
    parts["xl/workbook.xml"] = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{book}</sheets></workbook>'
    formats = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    parts["xl/styles.xml"] = f'<styleSheet xmlns="{MAIN}">{formats}</styleSheet>'
    first = link(0, OFFICE, "officeDocument", "xl/workbook.xml")
    for name, text in (("_rels/.rels", first), ("xl/_rels/workbook.xml.rels", links)):
        parts[name] = f'<Relationships xmlns="{PACKAGE}">{text}</Relationships>'
    path.write_bytes(archive(**parts))


def ods(path, sheets):
    """Write a workbook of LibreOffice."""

    def cell(value):
        kind, given = "string", 'office:string-value="" calcext:value-type="error"' * str(value).startswith("#")
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, datetime.date):
            kind, given = "date", f'office:date-value="{value}"'
        elif isinstance(value, bool):
            kind, given = "boolean", f'office:boolean-value="{str(value).lower()}"'
        elif not isinstance(value, str):
            kind, given = "float", f'office:value="{value}"'
        text = "</text:p><text:p>".join(escape(str(value)).split("\n"))
        return f'<table:table-cell office:value-type="{kind}" {given}><text:p>{text}</text:p></table:table-cell>'

    text = ""
    for name, rows in sheets.items():
        body = (f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        text += f'<table:table table:name="{name}">{"".join(body)}</table:table>'
    for outer in ("office:spreadsheet", "office:body"):
        text = f"<{outer}>{text}</{outer}>"
    marks = " ".join(f'xmlns:{name}="{OPEN}:{name}:1.0"' for name in ("office", "table", "text", "calcext"))
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": f'<manifest xmlns="{OPEN}:manifest:1.0"/>',
        "content.xml": f"<office:document-content {marks}>{text}</office:document-content>",
    }
    path.write_bytes(archive(**parts))
