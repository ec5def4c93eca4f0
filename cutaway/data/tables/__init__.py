"""Tables: CSV, TSV, Excel, ODS, Parquet, Feather and Arrow files, and frames of pandas, Polars and Arrow.

In come a path or a frame and `TableOptions`, above all the name of the label. Out comes a `Table`: what each column
holds and how it is used. Once it is split, its `Preparation` is fitted on the training samples alone and makes a
`Dataset` of numbers; it is plain data, kept in run.json, and prepares new samples in the same way. Files are read chunk
by chunk with pyarrow, which is imported inside the functions that need it, and are never written.
"""

from .cells import MISSING, date_seconds, python_values, spellings
from .column import UNIQUE, WHY, Column, Reason, decide_each, has_owner_name, left_out, left_out_in_words
from .options import TableOptions, table_options
from .readers import (
    FORMATS,
    WORKBOOKS,
    Dialect,
    Reader,
    columnar_files,
    find_dialect,
    frame_reader,
    is_frame,
    open_any,
    open_columnar,
    open_reader,
    row_words,
)
from .survey import first_columns, survey
from .table import Table, cell_chunks, hashed_values, leave_out, make_table, prepare_new_rows, table_cells
