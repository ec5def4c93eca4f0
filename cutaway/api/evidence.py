"""From a run to the evidence that its findings are based on."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cutaway.findings import Evidence


def evidence_of(run: Any, *, confusion: np.ndarray, layers: Iterable[Any]) -> Evidence:
    """Collect what is known about a run.

    Args:
        run: The run.
        confusion: int (true, predicted), counts on the test samples.
        layers: Its `LayerRecord`.
    """
    rows = run.history.rows
    return Evidence(
        history=rows,
        confusion=confusion,
        class_names=run.class_names,
        inactive_units={layer.name: (layer.inactive, layer.units) for layer in layers if layer.inactive is not None},
        test_accuracy=run.test["accuracy"] if run.test else None,
        val_accuracy=rows[-1].get("val_accuracy") if rows else None,
        test_samples=len(run.split.test),
        val_samples=len(run.split.val),
    )
