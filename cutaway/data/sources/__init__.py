"""Data sources: one file for each kind of data that `cutaway.data.load_dataset` can load; `registry` lists them.

In comes a name or a path; out comes a `Dataset`. May call the other files of `cutaway.data` except `catalog`, and
`cutaway.errors`.
"""

from .record import DatasetInfo, DataSource
