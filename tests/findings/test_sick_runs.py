"""What every sick run suffers from is named first, and no healthy run raises a warning."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sick_runs import HEALTHY, SICK

import cutaway as ct

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]

QUICK = ("rate too high, table", "not shuffled")
"""Those that `make test` trains as well; the checks themselves are tested on made-up evidence."""


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.exhaustive) for n in SICK])
def test_the_sickness_is_named_first(name: str, sick_run: Callable[[str], ct.Run]) -> None:
    warnings = [each.kind for each in sick_run(name).findings() if each.severity == "warning"]
    assert warnings[0] in SICK[name][0], warnings


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_raises_no_warning(name: str, tmp_path: Path) -> None:
    run = HEALTHY[name](tmp_path)
    assert [(each.kind, each.text) for each in run.findings() if each.severity == "warning"] == []
