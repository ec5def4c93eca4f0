"""The numbers of a comparison as tables and as JSON-able data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import meant
from cutaway.errors import UnknownNameError
from cutaway.metrics import PairedMeasures, wilson_interval
from cutaway.results.plain import defined

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import ModelSimilarity


def metrics_table(measures: PairedMeasures) -> "pandas.DataFrame":
    """Accuracy and loss of both runs and their differences; see `Comparison.metrics`."""
    import pandas

    m, nan = measures, float("nan")
    a, b = (wilson_interval(correct, m.samples) for correct in m.correct)
    accuracy = [m.correct[0] / m.samples, *a, m.correct[1] / m.samples, *b]
    rows = [
        [*accuracy, m.accuracy_difference, *m.accuracy_interval],
        [m.loss[0], nan, nan, m.loss[1], nan, nan, m.loss_difference, *m.loss_interval],
    ]
    columns = [f"{name}{part}" for name in ("a", "b", "difference") for part in ("", "_low", "_high")]
    return pandas.DataFrame(rows, index=["accuracy", "loss"], columns=columns)


def metrics_summary(measures: PairedMeasures, run: int) -> dict[str, Any]:
    """Accuracy with its interval, and loss, of one of the runs."""
    correct, samples = measures.correct[run], measures.samples
    return {
        "accuracy": correct / samples,
        "accuracy_interval": list(wilson_interval(correct, samples)),
        "loss": measures.loss[run],
    }


def difference_summary(measures: PairedMeasures) -> dict[str, Any]:
    """The differences of both, with their intervals."""
    return {
        "accuracy": measures.accuracy_difference,
        "accuracy_interval": list(measures.accuracy_interval),
        "loss": measures.loss_difference,
        "loss_interval": [defined(limit) for limit in measures.loss_interval],
    }


def units_table(found: "ModelSimilarity", layer: str) -> "pandas.DataFrame":
    """The matched units of a layer; see `Comparison.units`.

    Raises:
        UnknownNameError: They were not matched.
    """
    import pandas

    matched = {pair[0]: matching for pair, matching in found.matchings.items()}
    if layer not in matched:
        why = next((why for pair, why in found.unmatched.items() if pair[0] == layer), "")
        raise UnknownNameError(
            f"layers with matched units are {', '.join(matched) or 'none'}",
            got=f'"{layer}"' + (f" ({why})" if why else ""),
            hint=meant(layer, () if why else matched, "look at cka(), which compares every two layers"),
        )
    matching = matched[layer]
    columns = {"unit_a": np.arange(len(matching.unit)), "unit_b": matching.unit}
    return pandas.DataFrame({**columns, "correlation": matching.correlation})


def layers_summary(found: "ModelSimilarity") -> dict[str, Any]:
    """CKA of every two layers, and matched units."""
    return {
        "samples": found.samples,
        "a": list(found.first),
        "b": list(found.second),
        "cka": [[defined(value) for value in row] for row in found.cka.tolist()],
        "units": [
            {
                "a": a,
                "b": b,
                "mean_correlation": matching.mean,
                "by_chance": matching.chance,
                "constant": matching.constant,
                "unit_b": matching.unit.tolist(),
                "correlation": [defined(value) for value in matching.correlation.tolist()],
            }
            for (a, b), matching in found.matchings.items()
        ],
        "unmatched": [{"a": a, "b": b, "why": why} for (a, b), why in found.unmatched.items()],
    }
