"""Embeddings in a row: one layer through the epochs, or one epoch through the layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cutaway.data import stratified_sample
from cutaway.errors import UsageError
from cutaway.progress import ProgressCallback, ignore_progress

from .frames import INPUT, EmbeddingSequence, Spot, Work, make_frames

if TYPE_CHECKING:
    from .run import Run


def embed_epochs(
    run: "Run",
    layer: str | None = None,
    *,
    epochs: Sequence[int] | None = None,
    split: str = "all",
    points: int | None = None,
    seed: int = 0,
    perplexity: float = 30.0,
    n_iter: int = 750,
    on_progress: ProgressCallback = ignore_progress,
) -> EmbeddingSequence:
    """Embed a layer at several epochs; see `cutaway.Run.embed_epochs`."""
    from cutaway.interpret import default_layer
    from cutaway.interpret.activations import find_layer

    named = run.folder.epochs if epochs is None else [epochs] if isinstance(epochs, int) else epochs
    wanted = [run.folder.resolve_epoch(epoch) for epoch in named]
    if sorted(set(wanted)) != wanted:
        raise UsageError(
            "the epochs of a sequence go up, each named once",
            got=", ".join(map(str, wanted)),
            hint=f"pass epochs={sorted(set(wanted))}",
        )
    _check_count(wanted, "epochs", run.folder.epochs)
    model = run.model(epoch=wanted[0])
    layer = layer or default_layer(model)
    if layer != INPUT:
        find_layer(model, layer)
    spots = [Spot(layer, epoch, f"epoch {epoch}") for epoch in wanted]
    settings = {"method": "tsne", "seed": seed, "perplexity": perplexity, "n_iter": n_iter}
    return make_frames(_work(run, split, points=points, settings=settings), spots, on_progress)


def embed_layers(
    run: "Run",
    epoch: int = -1,
    *,
    layers: Sequence[str] | None = None,
    split: str = "all",
    points: int | None = None,
    seed: int = 0,
    perplexity: float = 30.0,
    n_iter: int = 750,
    on_progress: ProgressCallback = ignore_progress,
) -> EmbeddingSequence:
    """Embed several layers at one epoch; see `cutaway.Run.embed_layers`."""
    from cutaway.interpret.activations import find_layer

    epoch = run.folder.resolve_epoch(epoch)
    model = run.model(epoch=epoch)
    dense = [layer.name for layer in model.layers if type(layer).__name__ == "Dense"]
    wanted = dense if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in wanted:
        if name != INPUT:
            find_layer(model, name)
    if len(set(wanted)) < len(wanted):
        raise UsageError(
            "each layer of a sequence is named once",
            got=", ".join(wanted),
            hint=f"pass layers={list(dict.fromkeys(wanted))}",
        )
    _check_count(wanted, "layers", [INPUT, *dense])
    spots = [Spot(name, epoch, name) for name in wanted]
    settings = {"method": "tsne", "seed": seed, "perplexity": perplexity, "n_iter": n_iter}
    return make_frames(_work(run, split, points=points, settings=settings), spots, on_progress)


def _check_count(wanted: list[Any], what: str, known: list[Any]) -> None:
    if len(wanted) < 2:
        raise UsageError(
            f"a sequence has two {what} or more",
            got=", ".join(map(str, wanted)) or "none",
            hint=f"name two of {', '.join(map(str, known))}, or embed one alone with run.embed",
        )


def _work(run: "Run", split: str, *, points: int | None, settings: dict[str, Any]) -> Work:
    ids = run.split.part(split)
    if points is not None:
        ids = ids.take(stratified_sample(run.data.y(ids), points, seed=settings["seed"]))
    return Work(run, ids, run.data.rows(ids), run.data.y(ids), settings)
