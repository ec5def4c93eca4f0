"""Parallel coordinates: where lines pass, which is on top, and what is refused."""

import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.plots import Axis, parallel_coordinates

RANKS = np.array([1.0, 0.0, 0.5])
AXES = [
    Axis("learning_rate", np.array([0.0, 1.0, 0.5]), [(0.0, "1e-4"), (1.0, "$0.1$")]),
    Axis("momentum", np.array([np.nan, 0.25, 0.75]), [(0.0, "0"), (1.0, "0.9")]),
]


def test_lines_pass_below_an_axis_without_a_value_and_the_best_is_on_top():
    figure = parallel_coordinates(AXES, ranks=RANKS, title="three")
    (lines,) = figure.axes[0].collections
    drawn = [segment[:, 1].tolist() for segment in lines.get_segments()]
    assert drawn[0][0] == 0.0
    assert drawn[0][1] < 0
    assert drawn[-1] == [1.0, 0.25]
    assert max(lines.get_linewidths()) == lines.get_linewidths()[-1]


@pytest.mark.parametrize(("axes", "ranks"), [(AXES[:1], RANKS), (AXES, RANKS[:2]), (AXES, RANKS[:0])])
def test_what_does_not_fit_is_refused(axes, ranks):
    with pytest.raises(DataError, match="two axes or more"):
        parallel_coordinates(axes, ranks=ranks)
