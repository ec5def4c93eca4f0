"""What the report shows of a model's inside: what each layer knows and since when, and the units that matter most."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.errors import CutawayError
from cutaway.page import ReportInside, ReportUnit
from cutaway.progress import ProgressCallback

from .embedding import pictures_of
from .layers import LayerHistory, evenly_spaced, layer_history
from .units import Units, units

if TYPE_CHECKING:
    from .run import Run

SAMPLES = 5_000
"""Samples on which layers are measured: half of them teach the probe, five to a unit of 512; with two to a unit the
small output would win over layers that know more."""

FEW = 4
"""Samples to a unit below which the page says that there are few."""

EPOCHS = 6
"""Epochs in the table at most, the first and the last among them."""

WORK = 2_560_000
"""Samples times units at most where units are taken out: about 2 s on 2 cores for 512 units."""

CARDS = 12
EXAMPLES = 6

SIDE = 64
"""Pixels of the longer side of a picture on a card; larger pictures lose rows and columns."""


def report_inside(run: "Run", *, on_progress: ProgressCallback) -> ReportInside | None:
    """Measure layers and units of a run for its report; None where there are no samples to measure them on."""
    if not len(run.split.test):
        return None
    epochs = evenly_spaced(run.folder.epochs, EPOCHS)
    history = layer_history(run, epochs=epochs, samples=SAMPLES, on_progress=on_progress)
    try:
        found = _units(run, on_progress=on_progress)
    except CutawayError:  # no hidden layer, or a model that has diverged: the table says so
        found = None
    return ReportInside(
        lead=_lead(history),
        rows=_rows(history),
        measured=_measured(history),
        layer=found.layer if found else "",
        samples=len(found.ids) if found else 0,
        units=_cards(run, found) if found else (),
    )


def _units(run: "Run", *, on_progress: ProgressCallback) -> Units:
    """The units of the first layer that reads the picture itself, or else of the last hidden layer."""
    from cutaway.interpret import default_layer
    from cutaway.interpret.history import measured_layers
    from cutaway.interpret.units import incoming_pictures

    model, shape = run.model(), run.data.shape
    hidden = measured_layers(model)[:-1] if run.data.is_image else ()
    layer = next(
        (name for name in hidden if incoming_pictures(model, name, shape=shape) is not None), default_layer(model)
    )
    output: Any = model.get_layer(layer).output
    room = max(100, WORK // int(np.prod(output.shape[1:])))
    return units(run, layer, samples=room, on_progress=on_progress)


def _measured(history: LayerHistory) -> str:
    samples, widest = history.records[0].samples, max(history.records, key=lambda r: r.units)
    words = f"Measured on {samples:,} test samples; probe and k-NN learn from one half and are asked about the other."
    if samples / 2 < FEW * widest.units:
        words += (
            f" That is few for the {widest.units:,} units of {widest.layer}, whose probe could do better with more."
        )
    return words


def _lead(history: LayerHistory) -> str:
    """Which layer knows it, and since when, in two sentences."""
    best = max(
        (r for r in history.records if r.epoch == history.records[-1].epoch and r.probe_accuracy is not None),
        key=lambda r: r.probe_accuracy or 0.0,
        default=None,
    )
    if best is None or best.probe_accuracy is None:
        return "There are too few samples to say which layer knows the classes."
    words = (
        f"A linear classifier that reads {best.layer} is right for {best.probe_accuracy:.1%} of the samples; no other"
        " layer serves it better."
    )
    through = [r for r in history.records if r.layer == best.layer]
    behind = [r.epoch for r in through if (r.probe_accuracy or 0.0) < 0.99 * best.probe_accuracy]
    since = next(r.epoch for r in through if not behind or r.epoch > behind[-1])
    if len(through) == 1:
        return words
    if since == through[0].epoch:
        return f"{words} It was as good, within 1 % of that, before any training that this run has kept."
    return f"{words} Since epoch {since}, of the epochs looked at, it has been within 1 % of that."


def _rows(history: LayerHistory) -> tuple[dict[str, str], ...]:
    names = list(dict.fromkeys(r.layer for r in history.records))
    return tuple(
        {
            "Layer": r.layer,
            "Epoch": str(r.epoch),
            "Probe": _share(r.probe_accuracy),
            "k-NN": _share(r.knn_accuracy),
            "Separation": _number(r.separation, 2),
            "Effective rank": _number(r.effective_rank, 1),
            "CKA to the last epoch": _number(r.cka_last, 3),
            "Zeros": _share(r.sparsity),
            "Constant units": _share(r.constant),
            "Weights": _number(r.weight_norm, 4),
            "Change": _number(r.update_norm, 4),
        }
        for r in sorted(history.records, key=lambda r: (names.index(r.layer), r.epoch))
    )


def _cards(run: "Run", found: Units) -> tuple[ReportUnit, ...]:
    chosen = [unit for unit in found.order("removal") if not found.constant[unit]][:CARDS]
    return tuple(_card(run, found, unit) for unit in chosen)


def _card(run: "Run", found: Units, unit: int) -> ReportUnit:
    from cutaway.plots import signed_png, sprite_sheet

    summary_of = found.summary_of(unit)
    places = [int(place) for place in found.measures.top_samples[unit][:EXAMPLES] if place >= 0]
    ids = found.ids.take(places)
    pictures = pictures_of(run.data, ids) if places else None
    weights = None if found.pictures is None else _small(_gray(found.pictures[unit]))
    means = {name: mean for name, mean in summary_of["class_mean"].items() if mean is not None}
    answers = sorted(means, key=lambda name: -means[name])[:3]
    return ReportUnit(
        name=f"Unit {unit}",
        weights=None if weights is None else signed_png(weights, scale=3),
        examples=None if pictures is None else sprite_sheet(_small(pictures), columns=EXAMPLES // 2)[0],
        samples=tuple(ids.names()),
        answers=tuple(answers),
        cost=_cost(summary_of),
        alike=f"Most like unit {summary_of['similar']}, correlation {summary_of['similarity']:.2f}."
        if summary_of["similar"] is not None
        else "",
    )


def _cost(summary_of: dict[str, Any]) -> str:
    change, worst = -100 * summary_of["removal"], 100 * summary_of["hurts_cost"]
    words = "Without it accuracy "
    words += "is the same" if change == 0 else f"{'falls' if change < 0 else 'rises'} by {abs(change):.2f} points"
    return f"{words}; for {summary_of['hurts']} it falls by {worst:.2f}." if summary_of["hurts"] else f"{words}."


def _gray(picture: np.ndarray) -> np.ndarray:
    return picture.mean(axis=-1) if picture.ndim == 3 else picture


def _small(pictures: np.ndarray) -> np.ndarray:
    """Pictures (..., height, width) of which every n-th row and column is left."""
    step = -(-max(pictures.shape[-2:]) // SIDE)
    return pictures[..., ::step, ::step]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
