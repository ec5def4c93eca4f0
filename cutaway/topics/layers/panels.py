"""What each layer knew after each epoch, as panels of curves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cutaway.checks import meant
from cutaway.errors import UnknownNameError

if TYPE_CHECKING:
    from cutaway.interpret import LayerMeasures
    from cutaway.plots import Panel

MEASURES = {
    "probe_accuracy": ("Accuracy of a linear probe", "accuracy"),
    "knn_accuracy": ("Accuracy of the nearest neighbors", "accuracy"),
    "separation": ("Separation of the classes", "variance between / within classes"),
    "effective_rank": ("Effective rank of the activations", "directions"),
    "class_variability": ("Variability within the classes", "NC1"),
    "class_angles": ("Angles between the class means", "NC2"),
    "intrinsic_dimension": ("Intrinsic dimension", "dimensions"),
    "sparsity": ("Activations that are 0", "share"),
    "constant": ("Constant units", "share of the units"),
    "saturated": ("Saturated units", "share of the units"),
    "weight_norm": ("Size of the weights", "root mean square"),
    "update_norm": ("Change of the weights", "root mean square"),
    "mean": ("Mean activation", "activation"),
    "std": ("Standard deviation of the activations", "activation"),
    "cka_previous": ("Similarity to the epoch before", "linear CKA"),
    "cka_last": ("Similarity to the last epoch", "linear CKA"),
}
"""Measure that is drawn -> the title of its panel, and what its y axis is."""


def layer_panels(records: "Sequence[LayerMeasures]", epochs: Sequence[int], measures: Sequence[str]) -> "list[Panel]":
    """Curves of measures by epoch, a panel for each measure and a curve for each layer.

    Args:
        records: One for each epoch and layer.
        epochs: Numbers of the epochs, ascending.
        measures: Names of `MEASURES`, at least one.

    Raises:
        UnknownNameError: There is no such measure.
    """
    from cutaway.plots import Panel, Series

    layers = list(dict.fromkeys(record.layer for record in records))

    def series(name: str) -> list[Series]:
        values = {(r.layer, r.epoch): getattr(r, name) for r in records}
        return [
            Series(
                layer,
                np.array(epochs),
                np.array([values.get((layer, epoch)) for epoch in epochs], float),
                color=place,
                points=True,
            )
            for place, layer in enumerate(layers)
        ]

    wanted = [measures] if isinstance(measures, str) else list(measures)
    unknown = [name for name in wanted if name not in MEASURES]
    if not wanted or unknown:
        raise UnknownNameError(
            f"measures of a layer are {', '.join(MEASURES)}",
            got=", ".join(unknown) or "none",
            hint=meant(unknown[0], MEASURES) if unknown else "choose some",
        )
    shares = [name.endswith("accuracy") or MEASURES[name][1].startswith("share") for name in wanted]
    return [
        Panel(MEASURES[name][0], "epoch", MEASURES[name][1], series(name), y_percent=share)
        for name, share in zip(wanted, shares, strict=True)
    ]
