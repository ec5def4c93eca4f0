"""Embeddings in a row: one layer through the epochs, or one epoch through the layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cutaway.embedding import choose_samples
from cutaway.errors import UsageError
from cutaway.progress import Report, silent

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
    iterations: int = 750,
    report: Report = silent,
) -> EmbeddingSequence:
    """Embed a layer at several epochs; see `cutaway.Run.embed_epochs`."""
    from cutaway.inside import default_layer
    from cutaway.inside.activations import find_layer

    named = run.folder.epochs if epochs is None else [epochs] if isinstance(epochs, int) else epochs
    wanted = [run.folder.resolve_epoch(epoch) for epoch in named]
    if sorted(set(wanted)) != wanted:
        raise UsageError(
            "the epochs of a sequence go up, each named once",
            came=", ".join(map(str, wanted)),
            fix=f"pass epochs={sorted(set(wanted))}",
        )
    _check_count(wanted, "epochs", run.folder.epochs)
    net = run.model(epoch=wanted[0])
    layer = layer or default_layer(net)
    if layer != INPUT:
        find_layer(net, layer)
    spots = [Spot(layer, epoch, f"epoch {epoch}") for epoch in wanted]
    settings = {"method": "tsne", "seed": seed, "perplexity": perplexity, "iterations": iterations}
    return make_frames(_work(run, split, points=points, settings=settings), spots, report)


def embed_layers(
    run: "Run",
    epoch: int = -1,
    *,
    layers: Sequence[str] | None = None,
    split: str = "all",
    points: int | None = None,
    seed: int = 0,
    perplexity: float = 30.0,
    iterations: int = 750,
    report: Report = silent,
) -> EmbeddingSequence:
    """Embed several layers at one epoch; see `cutaway.Run.embed_layers`."""
    from cutaway.inside.activations import find_layer

    epoch = run.folder.resolve_epoch(epoch)
    net = run.model(epoch=epoch)
    dense = [layer.name for layer in net.layers if type(layer).__name__ == "Dense"]
    wanted = dense if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in wanted:
        if name != INPUT:
            find_layer(net, name)
    if len(set(wanted)) < len(wanted):
        raise UsageError(
            "each layer of a sequence is named once",
            came=", ".join(wanted),
            fix=f"pass layers={list(dict.fromkeys(wanted))}",
        )
    _check_count(wanted, "layers", [INPUT, *dense])
    spots = [Spot(name, epoch, name) for name in wanted]
    settings = {"method": "tsne", "seed": seed, "perplexity": perplexity, "iterations": iterations}
    return make_frames(_work(run, split, points=points, settings=settings), spots, report)


def _check_count(wanted: list[Any], what: str, known: list[Any]) -> None:
    if len(wanted) < 2:
        raise UsageError(
            f"a sequence has two {what} or more",
            came=", ".join(map(str, wanted)) or "none",
            fix=f"name two of {', '.join(map(str, known))}, or embed one alone with run.embed",
        )


def _work(run: "Run", split: str, *, points: int | None, settings: dict[str, Any]) -> Work:
    ids = run.split.part(split)
    if points is not None:
        ids = ids.take(choose_samples(run.data.y(ids), points, seed=settings["seed"]))
    return Work(run, ids, run.data.rows(ids), run.data.y(ids), settings)
