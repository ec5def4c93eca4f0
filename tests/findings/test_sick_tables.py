"""What every sick table suffers from is named first, before anything is trained, and no healthy table raises a warning.

The rules were developed on tables of even seeds; these have odd ones.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sick_tables import HEALTHY_TABLES, SICK_TABLES, Given, in_two_units, measured, patients

import cutaway as ct
from cutaway.cli import main
from cutaway.findings import Finding

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]

LONG = ("patients left out", "blocks", "drift in time", "dated", "digits", "breast_cancer", "alike test")
"""Tables that take seconds, while others state the same."""


def found_in(given: Given) -> tuple[Finding, ...]:
    frame, options = given
    return ct.doctor(ct.load_dataset(frame, label="target", **options), progress=False).findings


def named(names: dict[str, object]) -> list[object]:
    return [pytest.param(name, marks=pytest.mark.exhaustive) if name in LONG else name for name in names]


@pytest.mark.parametrize("name", named(dict(SICK_TABLES)))
def test_the_sickness_is_named_first(name: str) -> None:
    kind, make = SICK_TABLES[name]
    warnings = [each.kind for each in found_in(make(np.random.default_rng(1))) if each.severity == "warning"]
    assert warnings[:1] == [kind]


@pytest.mark.parametrize("name", named(dict(HEALTHY_TABLES)))
def test_a_healthy_table_raises_no_warning(name: str) -> None:
    found = found_in(HEALTHY_TABLES[name](np.random.default_rng(1)))
    assert [(each.kind, each.text) for each in found if each.severity == "warning"] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(3, 11, 2))
@pytest.mark.parametrize("name", HEALTHY_TABLES)
def test_no_seed_makes_a_healthy_table_sick(name: str, seed: int) -> None:
    found = found_in(HEALTHY_TABLES[name](np.random.default_rng(seed)))
    assert [(each.kind, each.text) for each in found if each.severity == "warning"] == []


def test_the_factor_of_two_units_is_named() -> None:
    for factor, words in ((1000.0, "1,000"), (2.54, "2.54")):
        (found,) = found_in(in_two_units(np.random.default_rng(3), factor=factor))
        assert found.evidence["columns"]["size"]["factor"] == words
        assert f"a factor of {words};" in found.text


def test_the_honest_accuracy_of_groups_is_that_of_whole_groups() -> None:
    frame = patients(np.random.default_rng(5))
    (found,) = [each for each in found_in((frame, {})) if each.kind == "shared-groups"]
    assert found.evidence["at_random"] > 0.9
    # a column tells a little, and nothing else is known of a new patient
    assert 0.4 < found.evidence["by_group"] < 0.75
    assert found.evidence["groups"] == frame["patient"].nunique()
    assert 'pass --group "patient"' in found.text
    divided = found_in((frame, {"group": "patient"}))
    assert "shared-groups" not in {each.kind for each in divided}


def test_a_column_of_values_that_new_rows_have_as_well_is_a_note() -> None:
    frame = patients(np.random.default_rng(5)).rename(columns={"patient": "city"})
    (found,) = [each for each in found_in((frame, {})) if each.kind == "shared-groups"]
    assert found.severity == "note"


def test_equal_rows_are_found_also_where_we_split_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = measured(np.random.default_rng(7))
    path = tmp_path / "rows.csv"
    pd.concat([frame, frame.iloc[:200]]).to_csv(path, index=False)
    main(["doctor", str(path), "--label", "target"])
    shown = capsys.readouterr().out
    assert "Samples in two splits" in shown
    assert "Nothing that is checked here" not in shown


def test_left_out_columns_are_named_with_the_reason() -> None:
    table = HEALTHY_TABLES["free text"](np.random.default_rng(1))
    (found,) = [each for each in found_in(table) if each.kind == "left-out-columns"]
    assert (found.severity, found.evidence["columns"]) == ("note", {"note": "free text"})
