"""Readers of tables: text, columnar files and frames, as chunks of columns."""

from .columnar import FORMATS, ColumnarReader, columnar_files, open_columnar
from .delimited import Dialect, find_dialect
from .opening import is_workbook, open_any, open_reader, workbook_error
from .reader import Reader, compute, decimal_mark, frame_reader, is_frame, reading, row_words

__all__ = [
    "FORMATS",
    "ColumnarReader",
    "Dialect",
    "Reader",
    "columnar_files",
    "compute",
    "decimal_mark",
    "find_dialect",
    "frame_reader",
    "is_frame",
    "is_workbook",
    "open_any",
    "open_columnar",
    "open_reader",
    "reading",
    "row_words",
    "workbook_error",
]
