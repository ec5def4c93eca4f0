"""Readers of tables: text, columnar files and frames, as chunks of columns."""

from .columnar import FORMATS, columnar_files, open_columnar
from .delimited import Dialect, find_dialect
from .opening import WORKBOOKS, open_any, open_reader
from .reader import Reader, compute, decimal_mark, frame_reader, is_frame, reading, row_words
