"""Preparation: how the columns of a table become the inputs of a model, as plain data that run.json keeps.

`tables` fits it; everyone who holds a `Dataset` or a run can apply it to new samples. May call `cutaway.errors` only;
scikit-learn, SciPy and pyarrow are imported inside the functions that need them.
"""

from .preparation import Preparation, add_notes, row_count, warn_of
from .steps import DAY, PARTS, CategoryStep, DateStep, HashStep, Notes, NumberStep, Step, date_part
