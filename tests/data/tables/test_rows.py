"""Rows of a table that are read again, as they are in its file."""

import numpy as np
import pandas as pd

from cutaway.data import all_ids, load_dataset


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
