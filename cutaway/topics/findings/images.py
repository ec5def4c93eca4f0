"""What a finding looks like: small charts, and the samples that it is about. At most one function per kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from cutaway.cache import cached
from cutaway.errors import CutawayError
from cutaway.findings import Finding
from cutaway.image_shape import smaller
from cutaway.log import survive
from cutaway.metrics import is_finite
from cutaway.page import Image
from cutaway.plots import Panel, Series, image_png, learning_panels, signed_png
from cutaway.topics.common.sample_rows import small_table
from cutaway.topics.common.sample_values import values_of
from cutaway.topics.common.source import ReportSource
from cutaway.topics.confidence.section import calibration_of
from cutaway.topics.embedding.activations import layer_activations

SAMPLES = 8
"""Maximum number of samples on a card."""

ACTIVE_SAMPLES = 2000
"""Maximum number of samples for measuring the activity of units."""

BARS = 20
"""Maximum number of bars in a histogram, and of classes whose sizes are shown."""

Panels = tuple[Panel, ...]


def panels_of(source: ReportSource, finding: Finding) -> Panels:
    """The small charts of a finding; none where what it shows cannot be computed."""
    draw = PANELS.get(finding.kind)
    if draw is None or finding.severity == "good":
        return ()
    with survive(__name__, f"drawing what shows {finding.kind}", CutawayError):
        return draw(source, finding)
    return ()


def samples_of(source: ReportSource, finding: Finding) -> dict[str, Any]:
    """The samples of a finding, as a `Card` takes them: images with their names, rows of a table, or unusual values.

    Of data that are gone there are none.
    """
    with survive(__name__, f"showing the samples of {finding.kind}", CutawayError):
        return _samples_of(source, finding)
    return {}


def _samples_of(source: ReportSource, finding: Finding) -> dict[str, Any]:
    context = source.context
    wanted = finding.samples[: SAMPLES if context.manifest.dataset.shape[1:] else SAMPLES // 2]
    if not wanted:
        return {"images": _leaky_pixel(source, finding)}
    ids = context.samples(wanted)
    names, images = ids.names(), context.data.images(ids)
    if images is not None:
        labels = [context.class_names[int(label)] for label in context.data.y(ids)]
        words = [f"{name}, labeled {label}" for name, label in zip(names, labels, strict=True)]
        shown = zip(map(_enlarged, images), words, strict=True)
        return {"images": tuple(Image(image_png(image), alt, caption=alt) for image, alt in shown)}
    if rows := small_table(context, ids):
        return {"rows": rows}
    values = zip(names, values_of(context, ids, unusual=True), strict=True)
    return {"values": "\n".join(f"{name}: {each}" for name, each in values)}


def _enlarged(image: np.ndarray) -> np.ndarray:
    factor = max(1, 64 // max(image.shape[:2]))
    return smaller(image[None], 128)[0].repeat(factor, axis=0).repeat(factor, axis=1)


def _leaky_pixel(source: ReportSource, finding: Finding) -> tuple[Image, ...]:
    """The pixels that give the label away, on the mean of the training images."""
    if finding.kind != "target-leakage" or finding.remedy is None:
        return ()
    image = source.context.data.image
    if image is None or not image.is_gray:
        return ()
    mean = source.context.data.inputs(source.context.ids("train", samples=ACTIVE_SAMPLES)).mean(axis=0)
    shown = -0.6 * mean / max(float(np.abs(mean).max()), 1e-9)
    shown[list(finding.remedy.inputs)] = 1
    words = image.pixel(finding.remedy.inputs[0])
    scale = max(1, 96 // max(image.rows, image.columns))
    png = signed_png(shown.reshape(image.rows, image.columns), scale=scale)
    return (Image(png, f"The leaky pixel in orange: {words}", frame=True, caption=words),)


def _losses(source: ReportSource, finding: Finding) -> Panels:
    rows = source.rows
    if len(rows) < 2 or not any(is_finite(row.get(name)) for row in rows for name in ("loss", "val_loss")):
        return ()
    best = finding.evidence.get("best_epoch")
    turned = best if any(row["epoch"] == best for row in rows) else None
    return (replace(learning_panels(rows, turned=turned)[0], title=""),)


def _reliability(source: ReportSource, finding: Finding) -> Panels:
    return tuple(replace(panel, title="") for panel in calibration_of(source).panels())


def _activity(source: ReportSource, finding: Finding) -> Panels:
    """For how many samples each unit fires."""
    bars = Series.histogram(*_counted(source, finding, lambda h: (h > 0).mean(axis=0), ends=(0.0, 1.0)))
    label = f"units of {finding.evidence['layer']}"
    return (Panel("", "samples for which a unit fires", label, (bars,), x_percent=True),)


def _range(source: ReportSource, finding: Finding) -> Panels:
    """Where the outputs of a layer are."""
    counts, low, high = _counted(source, finding, np.ravel)
    bars = Series.histogram(counts, low, high if high > low else low + 1)
    return (Panel("", f"output of {finding.evidence['layer']}", "outputs", (bars,)),)


def _counted(
    source: ReportSource,
    finding: Finding,
    values_of: Callable[[np.ndarray], np.ndarray],
    *,
    ends: tuple[float, float] | None = None,
) -> tuple[list[int], float, float]:
    """A histogram of what the outputs of a layer give, and its ends, kept in the cache."""
    context, layer = source.context, finding.evidence["layer"]

    def compute() -> tuple[list[int], float, float]:
        values = values_of(layer_activations(context, layer, context.ids("train", samples=ACTIVE_SAMPLES)))
        low, high = ends or (float(values.min()), float(values.max()))
        counts, _ = np.histogram(values, BARS, (low, high if high > low else low + 1))
        return counts.tolist(), low, high

    identity = context.folder.identity(context.epoch())
    return cached("histogram", identity, finding.kind, layer, ACTIVE_SAMPLES, BARS, method=1).get(compute)


def _sizes(source: ReportSource, finding: Finding) -> Panels:
    """Training samples of each class; of many classes, none."""
    names, context = source.context.class_names, source.context
    if len(names) > BARS:
        return ()
    counts, places = np.bincount(context.data.y(context.split.train), minlength=len(names)), np.arange(len(names))
    bars = Series("", places, counts, bars=1)
    return (Panel("", "class", "training samples", (bars,), x_ticks=places.tolist(), x_names=names),)


PANELS: dict[str, Callable[[ReportSource, Finding], Panels]] = {
    "overfitting": _losses,
    "oscillation": _losses,
    "divergence": _losses,
    "stalled": _losses,
    "learning-rate-too-high": _losses,
    "learning-rate-too-low": _losses,
    "batch-too-large": _losses,
    "miscalibration": _reliability,
    "dead-units": _activity,
    "saturated-units": _range,
    "class-imbalance": _sizes,
}
"""The small charts of a kind of finding."""


def loss_panels(source: ReportSource) -> tuple[Panel, ...]:
    """The loss by epoch; empty for a model that was not trained here."""
    kept = source.context.row()
    return tuple(learning_panels(source.rows, kept=kept["epoch"] if kept else None)[:1]) if source.rows else ()
