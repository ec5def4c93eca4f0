"""What every sick run suffers from is named first, and no healthy run raises a warning (short: test_checks.py)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sick_runs import HEALTHY, SICK

import cutaway as ct

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]


@pytest.mark.parametrize("name", SICK)
def test_the_sickness_is_named_first(name: str, sick_run: Callable[[str], ct.Run]) -> None:
    warnings = [each.kind for each in sick_run(name).findings() if each.severity == "warning"]
    assert warnings[0] in SICK[name][0], warnings


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_raises_no_warning(name: str, tmp_path: Path) -> None:
    run = HEALTHY[name](tmp_path)
    assert [(each.kind, each.text) for each in run.findings() if each.severity == "warning"] == []
