"""Decisions on labels: the files they are in, and what they change."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway import Dataset, Decision, load_dataset
from cutaway.data import (
    MISSING,
    Split,
    Table,
    check_decisions,
    decide,
    drop,
    read_decisions,
    relabel,
    split_and_prepare,
    split_dataset,
    write_decisions,
)
from cutaway.data.decisions.record import NUMBER, quoted_cell
from cutaway.errors import ConfigError, CutawayError, CutawayWarning, DataError, UnknownNameError, UsageError
from cutaway.topics.common.rows_file import texts

letters = st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(" '\"=+-@,;\t\r\n")
names = st.text(letters, min_size=1, max_size=12) | st.sampled_from([*MISSING[1:], " pad", "'=q", "=q", "''", "+3"])
decisions = st.one_of(
    st.builds(Decision, names, st.sampled_from(["keep", "drop"]), by=names | st.just("")),
    st.builds(Decision, names, st.just("relabel"), names, when=names | st.just("")),
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    x = np.arange(80, dtype=np.float32).reshape(40, 2)
    return Dataset.from_arrays(x, np.arange(40) % 2, x_test=x[:10] + 1, y_test=np.arange(10) % 2)


@given(st.lists(decisions, min_size=1, max_size=20))
def test_decisions_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, given: list) -> None:
    path = tmp_path_factory.mktemp("decisions") / "labels.csv"
    path.write_bytes(write_decisions(given).encode())
    assert list(read_decisions(path)) == given


@given(names)
def test_a_spreadsheet_runs_no_cell_of_a_name(name: str) -> None:
    assert quoted_cell(name)[0] not in "=+-@\t\r" or NUMBER.fullmatch(name)
    assert quoted_cell(name) in (name, f"'{name}")


def test_names_in_a_parquet_file_are_exact_and_typed_ones_lose_their_spaces(tmp_path: Path) -> None:
    rows = {"sample": ["'=a", " b"], "decision": ["Drop ", "relabel"], "label": ["", "'=q"]}
    pd.DataFrame(rows).to_parquet(tmp_path / "d.parquet")
    expected = (Decision("'=a", "drop"), Decision(" b", "relabel", "'=q"))
    assert read_decisions(tmp_path / "d.parquet") == expected
    (tmp_path / "d.csv").write_text("sample,decision,label\n test[1] , relabel , '=q \ntest[2],relabel,'t Hooft\n")
    expected = (Decision("test[1]", "relabel", "=q"), Decision("test[2]", "relabel", "'t Hooft"))
    assert read_decisions(tmp_path / "d.csv") == expected


@pytest.mark.parametrize(
    ("made", "got"),
    [
        (lambda: Decision(5, "drop"), "5"),  # pyright: ignore[reportArgumentType]
        (lambda: Decision("", "drop"), '""'),
        (lambda: Decision("a", "relabel", ""), '""'),
        (lambda: Decision("a", ["drop"]), "drop"),  # pyright: ignore[reportArgumentType]
        (lambda: Decision("a", "relabel", 7.5), "7.5"),  # pyright: ignore[reportArgumentType]
        (lambda: Decision("a", "relabel", True), "True"),  # pyright: ignore[reportArgumentType]
        (lambda: Decision("a", "drop", when=7), "when=7"),  # pyright: ignore[reportArgumentType]
        (lambda: check_decisions("drop"), '"drop"'),
        (lambda: check_decisions(5), "5"),
        (lambda: check_decisions([Decision("a", "drop"), None]), "None"),
    ],
)
def test_what_is_no_decision_is_refused(made, got: str) -> None:
    with pytest.raises(UsageError) as error:
        made()
    assert got in str(error.value)


def test_one_decision_is_enough_and_an_integer_names_a_class() -> None:
    one = Decision("test[0]", "relabel", np.int64(7))  # pyright: ignore[reportArgumentType]
    assert one == Decision("test[0]", "relabel", "7")
    assert check_decisions(one) == (one,)
    assert check_decisions(iter([one, one])) == (one, one)


def test_a_decision_that_a_later_one_overrides_may_be_of_a_class_that_there_is_not(data: Dataset) -> None:
    first = Decision("test[3]", "relabel", "pad", when="2026-01-01T10:00:00+00:00")
    second = Decision("test[3]", "relabel", "0", when="2026-01-02T10:00:00+00:00")
    assert decide(data, [first, second]).relabeled == {"test[3]": "0"}
    with pytest.raises(DataError):
        decide(data, [second, first])


def test_a_file_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "label-issues.csv"
    path.write_text("Sample;Decision;Label;score\ntest[3];Relabel;1;0,9\ntest[4];;;0,8\ntrain[2];drop;;0,7\n")
    found = read_decisions(path)
    assert found == (Decision("test[3]", "relabel", "1"), Decision("train[2]", "drop"))


def test_the_last_decision_on_a_sample_counts(data: Dataset) -> None:
    given = [Decision("test[3]", "drop"), Decision("train[1]", "relabel", "0"), Decision("test[3]", "relabel", "0")]
    with pytest.warns(CutawayWarning):
        decided = decide(data, given)
    assert decided.relabeled == {"train[1]": "0", "test[3]": "0"}
    assert not len(decided.dropped)


def test_a_later_decision_is_a_change_of_mind(data: Dataset) -> None:
    times = "2026-01-01T10:00:00+00:00", "2026-01-02T10:00:00+00:00"
    first, second = Decision("test[3]", "drop", when=times[0]), Decision("test[3]", "keep", when=times[1])
    assert len(decide(data, [first, second]).dropped) == 0  # a warning would be an error
    with pytest.warns(CutawayWarning):
        assert len(decide(data, [second, first]).dropped) == 1
    assert len(decide(data, [first, first]).dropped) == 1, "the same decision twice is no contradiction"


def test_only_the_named_samples_get_new_labels(data: Dataset) -> None:
    changed = relabel(data, {"train[1]": "0", "test[3]": "0"})
    expected = {name: labels.copy() for name, labels in data.labels.items()}
    expected["train"][1] = expected["test"][3] = 0
    assert all((changed.labels[name] == expected[name]).all() for name in expected)
    assert (data.labels["train"][1], data.labels["test"][3]) == (1, 1)
    assert changed.sha256 != data.sha256
    assert relabel(changed, {"train[1]": "0"}).sha256 == changed.sha256
    assert changed.to_record()["relabeled"] == {"train[1]": "0", "test[3]": "0"}


def test_what_is_dropped_is_in_no_part_and_the_record_keeps_it(data: Dataset) -> None:
    split = split_dataset(data)
    wanted = decide(data, [Decision("train[5]", "drop"), Decision("test[0]", "drop")]).dropped
    left = drop(split, wanted)
    restored = Split.from_record(left.to_record())
    for part in (left, restored):
        assert part.dropped is not None
        assert sorted(part.dropped.places()) == ["test[0]", "train[5]"]
        assert {"test[0]", "train[5]"}.isdisjoint(part.part("all").places())
        assert len(part.part("all")) == 48


def test_the_split_is_that_of_the_labels_as_given(data: Dataset) -> None:
    before, _ = split_and_prepare(data, seed=3)
    decided = decide(data, [Decision(f"train[{row}]", "relabel", "1") for row in range(0, 20, 2)])
    after, changed = split_and_prepare(data, seed=3, decided=decided)
    assert after.train.places() == before.train.places()
    assert changed.labels["train"][:20].tolist() == [1] * 20


def test_rows_of_a_table_are_meant_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = pd.DataFrame({"id": [f"c-{i}" for i in range(60)], "x": np.arange(60) % 7, "y": ["no", "yes"] * 30})
    rows.to_csv(path, index=False)
    table = load_dataset(path, label="y", id="id")
    assert isinstance(table, Table)
    decided = decide(table, [Decision("c-3", "relabel", "no"), Decision("c-4", "drop")])
    split, prepared = split_and_prepare(table, decided=decided)
    assert prepared.labels["train"][3] == 0
    assert prepared.to_record()["relabeled"] == {"sample[3]": "no"}
    assert split.dropped is not None
    assert split.dropped.places() == ["sample[4]"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("sample,label\ntest[1],3\n", DataError),
        ("sample,decision\ntest[1],maybe\n", UsageError),
        ("sample,decision,label\ntest[1],relabel,\n", UsageError),
        ("sample,decision,label\n,drop,\ntest[1],drop,\n", DataError),
    ],
)
def test_a_file_that_is_no_list_of_decisions_is_refused(tmp_path: Path, text: str, error: type[CutawayError]) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(error):
        read_decisions(path)


def test_what_is_not_there_is_refused(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        decide(data, [Decision("test[10]", "drop")])
    with pytest.raises(DataError):
        decide(data, [Decision("test[1]", "relabel", "7")])
    with pytest.raises(UsageError):
        read_decisions(tmp_path / "none.csv")
    with pytest.raises(UsageError):
        read_decisions(tmp_path)
    everything = decide(data, [Decision(f"train[{row}]", "drop") for row in range(40)]).dropped
    with pytest.raises((DataError, ConfigError)):
        drop(split_dataset(data), everything)


class Named:
    """Predictions of samples with these names."""

    def __init__(self, given: list[str]) -> None:
        self.given = given

    def __len__(self) -> int:
        return len(self.given)

    def columns(self) -> dict[str, Any]:
        return {"sample": self.given, "decision": ["drop"] * len(self), "score": -np.ones(len(self))}

    def records(self) -> Iterator[dict[str, Any]]:
        return iter(())


@given(st.lists(names, min_size=1, max_size=20))
def test_names_in_a_file_of_predictions_are_read_as_those_of_decisions(given: list[str]) -> None:
    ((text, _),) = texts([Named(given)], lines=False)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.csv"
        path.write_bytes(text.encode())
        assert [each.sample for each in read_decisions(path)] == given
    assert text.rstrip().endswith(",-1")
