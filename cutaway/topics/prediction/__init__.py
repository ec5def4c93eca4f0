"""What a model says of new samples, why, and the files that it is written to.

In come a `RunContext` and new samples as a user has them: tables, pictures or arrays. Out come `Predictions`, chunk by
chunk, or rows in a file. May call every room below `api`, and `cutaway.context`.
"""

from .file import check_rows_file, write_rows, write_text
from .predicting import examine, predict, predictions
from .result import Predictions
from .samples import centering_of, new_samples, one_sample, pixel_scale

__all__ = [
    "Predictions",
    "centering_of",
    "check_rows_file",
    "examine",
    "new_samples",
    "one_sample",
    "pixel_scale",
    "predict",
    "predictions",
    "write_rows",
    "write_text",
]
