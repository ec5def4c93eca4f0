"""From a run to an embedding of one of its layers, through the cache in the run folder."""

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import SampleIds, stratified_sample
from cutaway.embedding import Layout, embed, layout_from_npz, layout_to_npz
from cutaway.errors import CutawayWarning, DataError, UsageError
from cutaway.progress import ProgressCallback
from cutaway.runs import embedding_path, snapshot_path, write_atomic

from .embedding import Embedding

if TYPE_CHECKING:
    from .run import Run


ENGINE = 7
"""Goes into the key: another engine gives other coordinates."""

TSNE = {"perplexity": 30.0, "n_iter": 750}
"""What `embed` takes where nothing is said; written into the key, so that it is the same whether said or not."""


def embed_run(
    run: "Run",
    layer: str | None,
    *,
    split: str,
    epoch: int,
    points: int | None,
    settings: dict[str, Any],
    on_progress: ProgressCallback,
    callback: Callable[[Any], bool | None] | None = None,
) -> Embedding:
    """Embed a layer of a run; see `cutaway.Run.embed`."""
    from cutaway.interpret import activations, default_layer

    settings = _resolved(settings)  # what is wrong with them is said before anything is computed
    model = run.model(epoch=epoch)
    layer, epoch = layer or default_layer(model), run.folder.resolve_epoch(epoch)
    ids = run.split.part(split)
    if points is not None:
        ids = ids.take(stratified_sample(run.data.y(ids), points, seed=settings["seed"]))
    x, labels = run.data.rows(ids), run.data.y(ids)

    def reference() -> np.ndarray:
        return activations(run.model(epoch=epoch), layer, x=x, scale=run.data.scale)

    file = embedding_path(
        run.path,
        layer,
        epoch=epoch,
        method=settings["method"],
        key=key_of(run, layer, ids=ids, epoch=epoch, settings=settings),
    )
    found = read_layout(file, ids)
    predicted = predicted_classes(run, x, epoch=epoch, kept=found[1].get("predicted") if found else None)
    if found:
        layout = found[0]
    else:
        h = activations(model, layer, x=x, scale=run.data.scale, on_progress=on_progress)
        layout = embed(h, labels=labels, callback=callback, on_progress=on_progress, **settings)
        if layout.settings.get("stopped") == "canceled":
            file = None  # what is not finished is not kept as if it were
        else:
            file.parent.mkdir(exist_ok=True)
            kept = {"source": ids.code, "index": ids.index, "predicted": predicted}
            write_atomic(file, layout_to_npz(layout, kept))
    return Embedding(
        layer=layer,
        epoch=epoch,
        layout=layout,
        ids=ids,
        labels=labels,
        predicted=predicted,
        class_names=run.class_names,
        data=run.data,
        reference=reference,
        file=file,
    )


def predicted_classes(run: "Run", x: Any, *, epoch: int, kept: np.ndarray | None) -> np.ndarray:
    """The class that the model gives each sample at an epoch, int64 (sample,).

    Args:
        run: The run.
        x: The samples, as its data has them.
        epoch: A number that is kept.
        kept: What a file holds of them beside a layout, which spares 0.6 s for 70,000 samples; None, or what are no
            classes, has them asked for again.
    """
    from cutaway.models import class_probabilities, forward

    classes = len(run.class_names)
    if kept is not None and kept.dtype.kind == "i" and ((kept >= 0) & (kept < classes)).all():
        return kept
    model = run.model(epoch=epoch)
    return class_probabilities(model, forward(model, x, scale=run.data.scale)).argmax(axis=1)


def _resolved(settings: dict[str, Any]) -> dict[str, Any]:
    """Check the names of settings and fill in the defaults of t-SNE.

    Raises:
        UsageError: A setting is unknown, or not one of the method's.
    """
    known = TSNE if settings["method"] == "tsne" else {}
    wrong = [name for name in settings if name not in ("method", "seed", *known)]
    if wrong:
        names = ", ".join(TSNE)
        raise UsageError(
            f"settings of tsne are {names}, other methods have none",
            got=f'"{wrong[0]}" with method "{settings["method"]}"',
            hint="drop it" if wrong[0] in TSNE else f"name one of {names}",
        )
    return {**known, **settings}


def key_of(run: "Run", layer: str, *, ids: SampleIds, epoch: int, settings: dict[str, Any]) -> str:
    """A digest of all that decides an embedding: weights, layer, samples, method and settings."""
    digest = hashlib.sha256(snapshot_path(run.path, epoch).read_bytes())
    sha256 = run.folder.manifest["dataset"]["sha256"]
    digest.update(json.dumps([ENGINE, layer, sha256, settings], sort_keys=True).encode())
    digest.update(ids.code.tobytes() + ids.index.tobytes())
    return digest.hexdigest()[:12]


def read_layout(file: Path, ids: SampleIds) -> tuple[Layout, dict[str, np.ndarray]] | None:
    """What the cache holds for these samples; a damaged file is said and counts as none, so that it is made anew.

    Returns:
        The layout and the arrays kept with it; None where there is no such file.
    """
    try:
        layout, kept = layout_from_npz(file.read_bytes())
    except FileNotFoundError:
        return None
    except DataError as error:
        warnings.warn(f"{file.name} is damaged and is made anew: {error.got}", CutawayWarning, stacklevel=2)
        return None
    same = np.array_equal(kept.get("index", ()), ids.index) and np.array_equal(kept.get("source", ()), ids.code)
    return (layout, kept) if same else None
