"""A layout of more samples than t-SNE lays out: some of them, and all others placed among these."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from cutaway.checks import check_matrix
from cutaway.embedding.layout import Layout
from cutaway.embedding.method import QUALITY_NEIGHBORS, embed
from cutaway.embedding.new_samples import placement
from cutaway.embedding.quality_of_many import sampled_quality
from cutaway.embedding.stages import stage
from cutaway.embedding.tsne.iterate import Callback
from cutaway.errors import Canceled
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .many import MEASURED, ManyPlacement, place_many

# Samples whose activations are in memory at a time while they are placed: 67 MB for 128 units.
BATCH = 131_072

ACTIVATIONS = "activations"
"""What an error calls the values that are embedded."""

PlaceBatches: TypeAlias = Callable[[ManyPlacement, Sequence[np.ndarray], Callable[[int, np.ndarray], object]], None]
"""What places samples in a layout: it gets the layout, the rows of each batch, and what it calls in this thread with
the place of a batch and its coordinates, in any order."""


def embed_some(
    h: Any,
    laid_out: np.ndarray,
    *,
    seed: int = 0,
    labels: np.ndarray | None = None,
    callback: Callback | None = None,
    quality: bool = True,
    place_batches: PlaceBatches | None = None,
    complete: bool = True,
    on_progress: ProgressCallback = ignore_progress,
    **settings: Any,
) -> Layout:
    """Lay out some samples by t-SNE, and place all others among them, batch by batch.

    Memory holds the activations of the samples that are laid out and of one batch, and the coordinates of all.

    Args:
        h: float32 (sample, unit): an object with a shape whose slices and rows are arrays, such as an array or a memory
            map.
        laid_out: int64 (some,), ascending: the samples that are laid out, which represent all, and are fewer.
        seed: See `embed`.
        labels: See `embed`.
        callback: See `embed`; it gets the samples that are laid out.
        quality: Whether to measure the quality, by 1,500 of all samples; of 30 or fewer it is not measured.
        place_batches: What places the others, for example in other processes, as `place_many` does; None does it here.
        complete: Whether a layout whose descent was canceled is refused; if not, the others are placed in what there is
            of it.
        on_progress: See `embed`.
        settings: Those of t-SNE.

    Returns:
        A layout of all samples. Its settings say how many were laid out and how many placed; how misplaced each of them
        is, is unknown.

    Raises:
        DataError, UsageError: See `embed`.
        Canceled: The callback or `on_progress` stopped it before the other samples had places.
    """
    start, n = perf_counter(), h.shape[0]
    some = check_matrix(h[laid_out], name=ACTIVATIONS, rows=laid_out)
    layout = embed(some, seed=seed, labels=None, callback=callback, quality=False, on_progress=on_progress, **settings)
    if complete and layout.settings["stopped"] == "canceled":
        rule = "samples are placed in a layout that is complete"
        raise Canceled(rule, got="an embedding that was canceled", hint="embed again, or fewer samples with points=")
    seconds, used = dict(layout.seconds), dict(layout.settings)
    xy = np.empty((n, 2), np.float32)
    xy[laid_out] = layout.xy
    timed: dict[str, Any] = {"seconds": seconds, "on_progress": on_progress}
    others = np.ones(n, bool)
    others[laid_out] = False
    rows = np.flatnonzero(others)
    batches = [rows[low : low + BATCH] for low in range(0, len(rows), BATCH)]
    done = len(laid_out)

    def keep(place: int, coordinates: np.ndarray) -> None:
        nonlocal done
        xy[batches[place]] = coordinates
        done += len(coordinates)
        if done < n:  # the end is reported by the stage
            on_progress(Progress("placing", done, n, "samples"))

    with stage("placing", n, unit="samples", part="placing", **timed):
        measured = None
        into = ManyPlacement.of(placement(some, layout.xy), seed=seed)
        if place_batches is not None:
            place_batches(into, batches, keep)
        else:
            # all threads on one batch: a million samples took 27 to 28 CPU seconds with the layout of 50,000, and 29 to
            # 31 by two processes side by side, in the same time
            for place, batch in enumerate(batches):
                part = check_matrix(h[batch], name=ACTIVATIONS, rows=batch)
                keep(place, place_many(part, into))
                if len(part) >= MEASURED and measured is None:
                    measured = part[:MEASURED].copy()  # so that the batch does not stay in memory
        measured = h[rows[:MEASURED]] if measured is None else measured
        used |= {"placement_recall": into.recall(measured), "laid_out": len(laid_out), "placed": len(rows)}
    found = None
    if quality and n > 2 * QUALITY_NEIGHBORS:
        with stage("quality", n, unit="samples", part="quality", **timed):
            given: Any = {"some": some, "k": QUALITY_NEIGHBORS, "seed": seed, "labels": labels}
            found = sampled_quality(h, xy, **given, on_progress=on_progress)
            found = replace(found, neighbors_found=used.get("neighbors_recall"))
    seconds["total"] = perf_counter() - start
    return Layout(xy, layout.method, used, seconds, layout.kl_divergence, found)
