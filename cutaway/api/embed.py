"""From a run to an embedding of one of its layers, through the cache in the run folder."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import SampleIds
from cutaway.embedding import Layout, choose_samples, embed, layout_from_npz, layout_to_npz
from cutaway.errors import DataError
from cutaway.progress import Report
from cutaway.runs import embedding_path, snapshot_path, write_atomic

from .embedding import Embedding, pictures_of

if TYPE_CHECKING:
    from .run import Run


def embed_run(
    run: "Run", layer: str | None, *, split: str, epoch: int, points: int, settings: dict[str, Any], report: Report
) -> Embedding:
    """Embed a layer of a run; see `cutaway.Run.embed`."""
    from cutaway.inside import activations, default_layer
    from cutaway.nets import class_probabilities, forward

    net = run.model(epoch=epoch)
    layer, epoch = layer or default_layer(net), run.folder.resolve_epoch(epoch)
    ids = run.split.part(split)
    ids = ids.take(choose_samples(run.data.y(ids), points, seed=settings["seed"]))
    x = run.data.x(ids)
    predicted = class_probabilities(net, forward(net, x, scale=run.data.scale)).argmax(axis=1)

    if settings["method"] == "tsne":
        settings = {"perplexity": 30.0, "iterations": 750, **settings}  # the same whether said or not
    key = _key(run, layer, ids=ids, epoch=epoch, settings=settings)
    file = embedding_path(run.path, layer, epoch=epoch, method=settings["method"], key=key)
    layout = _cached(file, ids)
    if layout is None:
        h = activations(net, layer, x=x, scale=run.data.scale, report=report)
        layout = embed(h, report=report, **settings)
        file.parent.mkdir(exist_ok=True)
        write_atomic(file, layout_to_npz(layout, {"source": ids.code, "index": ids.index}))
    return Embedding(
        layer=layer,
        epoch=epoch,
        layout=layout,
        ids=ids,
        labels=run.data.y(ids),
        predicted=predicted,
        class_names=run.class_names,
        pictures=pictures_of(run.data, ids),
        file=file,
    )


def _key(run: "Run", layer: str, *, ids: SampleIds, epoch: int, settings: dict[str, Any]) -> str:
    """A digest of all that decides an embedding: weights, layer, samples, method and settings."""
    digest = hashlib.sha256(snapshot_path(run.path, epoch).read_bytes())
    digest.update(json.dumps([layer, run.folder.manifest["dataset"]["sha256"], settings], sort_keys=True).encode())
    digest.update(ids.code.tobytes() + ids.index.tobytes())
    return digest.hexdigest()[:12]


def _cached(file: Any, ids: SampleIds) -> Layout | None:
    """What the cache holds for these samples; a damaged file counts as none, and is written anew."""
    try:
        layout, kept = layout_from_npz(file.read_bytes())
    except (FileNotFoundError, DataError):
        return None
    same = np.array_equal(kept.get("index", ()), ids.index) and np.array_equal(kept.get("source", ()), ids.code)
    return layout if same else None
