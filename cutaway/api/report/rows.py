"""Records as rows of text."""

from math import isnan
from typing import Any


def layer_row(record: Any) -> dict[str, str]:
    """What a layer is and holds: a `LayerRecord` as text; the weights are those of its kernel."""
    kernel, share = (record.weights[0] if record.weights else None), record.inactive_share
    row = {
        "Layer": record.name,
        "Kind": record.kind,
        "Output": " x ".join(str(side) for side in record.output_shape),
        "Parameters": f"{record.parameters:,}",
        "Trainable": f"{record.trainable:,}",
        "Inactive units": "–" if share is None else f"{record.inactive} ({percent(share)})",
    }
    for name in ("mean", "std", "min", "max"):
        row[f"Weight {name}"] = number(getattr(kernel, name) if kernel else None, digits=4)
    return row


def measures_row(record: Any) -> dict[str, str]:
    """What a layer knows after an epoch: a `LayerMeasures` as text."""
    return {
        "Layer": record.layer,
        "Epoch": str(record.epoch),
        "Probe accuracy": percent(record.probe_accuracy),
        "k-NN accuracy": percent(record.knn_accuracy),
        "Separation": number(record.separation, digits=2),
        "Effective rank": number(record.effective_rank, digits=1),
        "CKA to last epoch": number(record.cka_last, digits=3),
        "Zeros": percent(record.sparsity),
        "Weight norm": number(record.weight_norm, digits=4),
        "Update norm": number(record.update_norm, digits=4),
    }


def number(value: float | None, *, digits: int) -> str:
    """A number with so many decimals, or a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """A share 0..1 such as "98.52%", or a dash where it is not defined."""
    return "–" if share is None or isnan(share) else f"{share:.2%}"
