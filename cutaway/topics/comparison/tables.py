"""The numbers of a comparison as tables and as JSON-able data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import meant
from cutaway.errors import UnknownNameError
from cutaway.metrics import PairedMeasures, wilson_interval
from cutaway.results.plain import defined
from cutaway.results.table import Column, Table, column
from cutaway.results.units import (
    COUNT,
    NAME,
    POINTS,
    POINTS_WITH_LIMITS,
    SHARE_WITH_LIMITS,
    TEXT,
    Unit,
    decimals,
    share,
)
from cutaway.words import number

from .settings import SettingDifference, only_settings, value_in_words

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret import ModelSimilarity

DIFFERENCE = "B - A"

SAMPLES = (
    column("label", "Label", NAME, "The true class."),
    column("predicted_a", "A", NAME, "The class that the first run predicts."),
    column("confidence_a", "Conf. A", share(1), "Its probability."),
    column("predicted_b", "B", NAME, "The class that the second run predicts."),
    column("confidence_b", "Conf. B", share(1), "Its probability."),
    column("label_probability_a", "P(label) A", share(1), "The probability that the first run gives the true class."),
    column("label_probability_b", "P(label) B", share(1), "The probability that the second run gives the true class."),
    column("moved", "Moved", POINTS, "Change of the probability of the true class from the first run to the second."),
    column("change", "Change", TEXT, "Right in both, fixed, broken, or wrong in both."),
)
"""Samples of a comparison, beside their names."""

_WIDE = 24
_SETTING = Unit("value of a setting", value_in_words, right=False, most=_WIDE)

SETTINGS = (
    column("section", "Section", TEXT, "What the setting is about."),
    column("setting", "Setting", Unit("name", str, right=False, most=_WIDE), "Its name."),
    column("a", "A", _SETTING, "Its value in the first run."),
    column("b", "B", _SETTING, "Its value in the second run."),
)
"""Settings that differ."""


def _accuracy(run: str, value: float, low: float, high: float) -> str:
    return (POINTS_WITH_LIMITS if run == DIFFERENCE else SHARE_WITH_LIMITS).text(value, low, high)


def _loss(run: str, value: float, low: float | None, high: float | None) -> str:
    if run != DIFFERENCE:
        return number(value, 4)
    return f"{value:+.4f} ({' to '.join('-' if limit is None else f'{limit:+.4f}' for limit in (low, high))})"


MEASURES = (
    column("run", "Measure", TEXT, "The first run, A, the second, B, or their difference."),
    column(
        "run accuracy accuracy_low accuracy_high",
        "Accuracy",
        Unit("share, or difference of shares in points, with its 95% interval", _accuracy),
        "Share of the samples that is predicted correctly; intervals are Wilson's, and Tango's of the difference.",
    ),
    column(
        "run loss loss_low loss_high",
        "Cross-entropy",
        Unit("number; of the difference with its 95% interval", _loss),
        "Mean of minus the logarithm of the probability of the true class, in nats.",
    ),
)
"""What both runs are worth."""

UNITS = (
    column("a", "Layer of A", NAME, "A layer of the first run."),
    column("b", "Layer of B", NAME, "The layer of the second run whose units were matched with its units."),
    column("units", "Units", COUNT, "Units that were matched one to one by their activations."),
    column("mean_correlation", "Correlation", decimals(3), "Mean correlation of matched units."),
    column("by_chance", "By chance", decimals(3), "The same for units that have nothing to do with each other."),
    column(
        "constant",
        "Constant",
        COUNT,
        "Units that are constant (same output for every sample) in one of the runs.",
        explained=True,
    ),
)
"""Matched units of two layers."""


def settings_table(settings: Sequence[SettingDifference]) -> Table:
    """The settings that differ."""
    settings = only_settings(settings)
    notes = () if settings else ("No setting differs.",)
    return Table.of(SETTINGS, [vars(each) for each in settings], title="Settings that differ", notes=notes)


def measures_table(measures: PairedMeasures, *, split: str, notes: tuple[str, ...]) -> Table:
    """What both are worth on the samples of a split, and how they differ."""
    rows: list[dict[str, Any]] = []
    for name, of in (
        ("A", metrics_summary(measures, 0)),
        ("B", metrics_summary(measures, 1)),
        (DIFFERENCE, difference_summary(measures)),
    ):
        row = {"run": name, "accuracy": of["accuracy"], "loss": of["loss"]}
        row["accuracy_low"], row["accuracy_high"] = of["accuracy_interval"]
        row["loss_low"], row["loss_high"] = of.get("loss_interval", (None, None))
        rows.append(row)
    samples = "sample" if measures.samples == 1 else "samples"
    title = f"On {measures.samples:,} {split} {samples}, with 95% intervals"
    return Table.of(MEASURES, rows, title=title, notes=notes, turned=True)


def layer_tables(layers: "ModelSimilarity") -> tuple[Table, Table]:
    """CKA of every two layers, and how well units match."""
    of_b = [
        Column((str(place),), name, decimals(3), "CKA of the layers, from 0 to 1.")
        for place, name in enumerate(layers.second)
    ]
    values = {"layer": layers.first} | {str(place): layers.cka[:, place] for place in range(len(layers.second))}
    first = column("layer", "A \\ B", TEXT, "A layer of the first run.")
    cka = Table((first, *of_b), values, title=f"CKA of layers, on {layers.samples:,} samples")
    rows = [{**each, "units": len(each["unit_b"])} for each in layers_summary(layers)["units"]]
    unmatched = (f"Units of {a} and {b} were not matched: {why}." for (a, b), why in layers.unmatched.items())
    title = "Units matched one to one by their activations"
    return cka, Table.of(UNITS, rows, title=title, notes=tuple(unmatched))


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
