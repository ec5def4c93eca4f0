"""A person's decisions on labels: what they are, the file they are in, and how they are applied.

May call what `cutaway.data` says of datasets, tables, splits and names of samples.
"""

from .applying import Decided, decide, drop, relabel, split_and_prepare
from .record import (
    Decision,
    check_decisions,
    count_decisions,
    csv_line,
    csv_row,
    quoted_cell,
    read_decisions,
    write_decisions,
)
