"""Rows of a table that are read again, as they are in its file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cutaway.data import all_ids, load_dataset
from cutaway.errors import DataError


def test_rows_far_apart_are_found_where_a_chunk_between_has_none(tmp_path):
    count = 150_000  # three chunks of a Parquet file
    frame = pd.DataFrame(
        {"a": np.random.default_rng(0).normal(size=count).astype(np.float32), "y": np.arange(count) % 2}
    )
    frame.to_parquet(tmp_path / "rows.parquet")
    table = load_dataset(tmp_path / "rows.parquet", label="y")
    wanted = np.array([count - 1, 3])
    rows = table.rows_of(all_ids(table).take(wanted))
    assert [row["a"] for row in rows] == frame["a"].iloc[wanted].tolist()


def test_a_row_that_a_table_does_not_have_is_refused_by_its_place(tmp_path):
    """A damaged run folder may say that it was split into more rows than there are, and such a row has no name."""
    rows = "".join(f"n{n},{n % 5},{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "t.csv").write_text("id,size,y\n" + rows)
    table = load_dataset(tmp_path / "t.csv", label="y", id="id")
    data = table.prepare(table.split(validation=0.25, seed=0))
    beyond = replace(data.named(all_ids(table).take([0])), index=np.array([60]))
    with pytest.raises(DataError, match=r"sample\[60\]"):
        data.y(beyond)
