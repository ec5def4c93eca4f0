"""What is known of each sample in the explorer from another run."""

import numpy as np

from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.page import SampleColumn
from cutaway.topics.common.source import ReportSource
from cutaway.topics.comparison.section import COMPARED, compared_of, comparison_of

OTHER = "other"
"""Key of the column with the predictions of the other run."""


def compared_columns(source: ReportSource) -> list[SampleColumn]:
    """Which of the two runs is right, what the other predicts, and whether that is the same; nothing without another.

    Samples outside the comparison have no value.
    """
    found = None
    if source.against is not None:
        # of a model that has diverged; the section of the comparison says so
        with survive(__name__, "coloring samples by the other run", CutawayError):
            found = comparison_of(source)
    if found is None:
        return []
    rows = source.shown.positions_in(found.ids)
    known = rows >= 0
    differ = (found.predicted[0] != found.predicted[1]).astype(np.int64)
    changes, predicted, same = (
        np.where(known, each[rows], -1) for each in (compared_of(source), found.predicted[1], differ)
    )
    _, name = source.names
    return [
        SampleColumn(
            key="compared",
            title=f"Compared with {name}",
            kind="category",
            values=(changes,),
            names=COMPARED,
            palette="compared",
        ),
        SampleColumn(
            key=OTHER,
            title=f"Prediction of {name}",
            kind="category",
            values=(predicted,),
            names=found.class_names,
            palette="classes",
        ),
        SampleColumn(
            key="same",
            title=f"Same prediction as {name}",
            kind="category",
            values=(same,),
            names=("same", "different"),
            palette="right",
        ),
    ]
