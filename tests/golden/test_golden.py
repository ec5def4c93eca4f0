"""A run that was recorded in November 2026 keeps its predictions and its history."""

import json
import zipfile
from pathlib import Path

import numpy as np

import cutaway as ct

HERE = Path(__file__).parent


def test_a_recorded_run_is_opened_with_its_numbers(tmp_path):
    with zipfile.ZipFile(HERE / "run.zip") as archive:
        archive.extractall(tmp_path)
    run = ct.open_run(tmp_path / "run", data=tmp_path / "table.csv")
    expected = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(run.predictions(), expected["predictions"], atol=1e-6)
    history = run.history.to_pandas().to_dict("list")
    assert {name: history[name] for name in expected["history"]} == expected["history"]
