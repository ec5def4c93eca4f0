"""Names of the samples and units that findings are about: keys of `cutaway.findings.Evidence.examples`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from cutaway.data import SampleIds
from cutaway.findings import SUSPECT, HeldOut, label_scores

if TYPE_CHECKING:
    from cutaway.interpret import LayerHealth, LayerRecord

NAMED = 20
"""Samples or units that are named for one finding at most."""

CLASSES, LEAST = 3, 3
"""Classes with the lowest recall of which missed samples are named, and test samples without which a class is none."""

Named = dict[str, tuple[str, ...]]


def concerned_samples(
    ids: SampleIds, held: HeldOut, predicted: np.ndarray, confidence: np.ndarray, *, tested: slice
) -> Named:
    """Samples with suspect labels, confident mistakes, hesitant answers, and mistakes by class.

    Args:
        ids: Validation and test samples.
        held: What is kept of their probabilities.
        predicted: int64 ``(sample,)``.
        confidence: float ``(sample,)``, the probabilities of these classes.
        tested: Which of them are test samples.
    """
    labels, scores = held.labels, label_scores(held)
    is_tested = np.zeros(len(labels), bool)
    is_tested[tested] = True
    wrong = is_tested & (predicted != labels)
    found = {
        "label-noise": _first(scores > SUSPECT, by=-scores),
        "miscalibration/over": _first(wrong, by=-confidence),
        "miscalibration/under": _first(is_tested & ~wrong, by=confidence),
    }
    counts = np.bincount(labels[is_tested], minlength=held.classes)
    recall = np.bincount(labels[is_tested & ~wrong], minlength=held.classes) / np.maximum(counts, 1)
    recall[counts < LEAST] = np.inf
    for label in np.argsort(recall, kind="stable")[:CLASSES].tolist():
        found[f"missed-class/{label}"] = _first(wrong & (labels == label), by=-confidence)
    if wrong.any():
        pairs = labels[wrong] * held.classes + predicted[wrong]
        kinds, times = np.unique(pairs, return_counts=True)
        true, mistaken = divmod(int(kinds[times.argmax()]), held.classes)
        found["confusion"] = _first(wrong & (labels == true) & (predicted == mistaken), by=-confidence)
    return {name: tuple(ids.take(rows).names()) for name, rows in found.items() if len(rows)}


def _first(chosen: np.ndarray, *, by: np.ndarray) -> np.ndarray:
    """Numbers of the chosen samples with the smallest values, at most `NAMED`."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(by[rows], kind="stable")[:NAMED]]


def concerned_layers(records: "Iterable[LayerRecord]", health: "Mapping[str, LayerHealth]") -> Named:
    """Units that never fire, that say the same as others, and that are most often at an end of their range."""
    found = {f"dead-units/{each.name}": _units(each.name, each.dead_units) for each in records}
    for name, each in health.items():
        found[f"redundant-units/{name}"] = _units(name, each.redundant_units)
        found[f"saturated-units/{name}"] = _units(name, each.saturated_units)
    return {name: units for name, units in found.items() if units}


def _units(layer: str, units: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{layer}[{unit}]" for unit in units[:NAMED])
