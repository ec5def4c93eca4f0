"""What a layer history says about each layer, in sentences."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cutaway.metrics import share_of
from cutaway.topics.common.scoring import split_in_words
from cutaway.words import evenly_spaced, listed, percent

if TYPE_CHECKING:
    from cutaway.interpret import LayerMeasures

CLOSE = 0.01
"""An accuracy is close to that of the kept epoch if it is lower by at most this, or by no more than may be chance."""

NAMED = 8
"""Layers that are named at most, evenly spaced."""


def in_sentences(
    records: "Sequence[LayerMeasures]", *, split: str, kept_epoch: int, input_probe_accuracy: float | None
) -> tuple[str, ...]:
    """How well a probe predicts the classes from the inputs and from each layer, since when, and how exact that is.

    Args:
        records: One for each epoch and layer, epoch by epoch.
        split: The split whose samples were measured.
        kept_epoch: The epoch that is told of; the last one where it was not measured.
        input_probe_accuracy: Accuracy of the probe on the inputs; None where it was not measured.
    """
    epochs = list(dict.fromkeys(record.epoch for record in records))
    kept = kept_epoch if kept_epoch in epochs else max(epochs, default=0)
    known = [r for r in records if r.epoch == kept and r.probe_accuracy is not None]
    if not known:
        return ("There are too few samples to tell which layer knows the classes.",)
    named = evenly_spaced(known, NAMED)
    shares = [(each.layer, each.probe_accuracy or 0.0) for each in named]
    if input_probe_accuracy is not None:
        shares.insert(0, ("the raw inputs", input_probe_accuracy))
    start = f"After epoch {kept}, a" if len(epochs) > 1 else "A"
    (source, accuracy), *others = shares
    told = [f"{percent(accuracy, 1)} of the samples correctly from {source}"]
    told += [f"{percent(accuracy, 1)} from {source}" for source, accuracy in others]
    some = f" ({len(named)} of {len(known)} layers are named.)" if len(named) < len(known) else ""
    chance = _by_chance([accuracy for _, accuracy in shares], named[0].samples // 2)
    return (
        f"{start} linear classifier (a probe) predicts {listed(told)}.{some}",
        *_since(records, named, kept, within=max(CLOSE, chance)),
        f"Measured on {split_in_words(split, named[0].samples)} after {_epochs(epochs)}. The probe is "
        "fitted on one half of them and tested on the other: a difference of less than "
        f"{100 * chance:.1f} points may be chance.",
    )


def _since(
    records: "Sequence[LayerMeasures]", named: "Sequence[LayerMeasures]", kept: int, *, within: float
) -> list[str]:
    """Since which epoch each layer has been about as good as in the kept one; nothing where that is the only one."""
    by_layer = {each.layer: [r for r in records if r.layer == each.layer and r.epoch <= kept] for each in named}
    if records[0].epoch == kept:
        return []
    since = {each.layer: _first_close(by_layer[each.layer], (each.probe_accuracy or 0.0) - within) for each in named}
    (first, start), *others = since.items()
    told = [f"{first} has been within {100 * within:.1f} points of that accuracy since epoch {start}"]
    told += [f"{layer} since epoch {epoch}" for layer, epoch in others]
    untrained = " Epoch 0 is the model as initialized." if 0 in since.values() else ""
    return [f"Of the epochs measured, {listed(told)}.{untrained}"]


def _first_close(records: "Sequence[LayerMeasures]", least: float) -> int:
    """The first epoch from which on a layer has not fallen below an accuracy."""
    behind = [r.epoch for r in records if (r.probe_accuracy or 0.0) < least]
    return next(r.epoch for r in records if not behind or r.epoch > behind[-1])


def _by_chance(accuracies: Sequence[float], samples: int) -> float:
    """How far two equal accuracies may be apart by chance, those of the least certain one.

    It is the 95% interval of two independent ones (Newcombe 1998). They are of the same samples, which brings them
    nearer, so that this is rather too much.
    """
    shares = [share_of(round(accuracy * samples), samples) for accuracy in accuracies]
    return max(math.hypot(share.value - share.low, share.high - share.value) for share in shares)


def _epochs(epochs: Sequence[int]) -> str:
    if len(epochs) == 1:
        return f"epoch {epochs[0]}"
    if len(epochs) > NAMED and len(epochs) <= epochs[-1] - epochs[0]:
        return f"{len(epochs)} epochs from {epochs[0]} to {epochs[-1]}"
    is_range = len(epochs) > 2 and epochs[-1] - epochs[0] == len(epochs) - 1
    return f"epochs {epochs[0]} to {epochs[-1]}" if is_range else f"epochs {listed([str(each) for each in epochs])}"
