"""From a run to a sequence of embeddings: one layer through the epochs, or one epoch through the layers."""

from collections.abc import Sequence
from typing import Any

from cutaway.api.context import RunContext
from cutaway.embedding import resolve_settings
from cutaway.errors import UsageError
from cutaway.progress import ProgressCallback, ignore_progress

from .embedding import INPUT
from .sequence import EmbeddingSequence
from .sequence_steps import SequenceTask, Step, make_sequence


def embed_epochs(
    context: RunContext,
    layer: str | None = None,
    *,
    epochs: Sequence[int] | None = None,
    split: str = "all",
    points: int | None = None,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
    **settings: Any,
) -> EmbeddingSequence:
    """Embed a layer at several epochs; see `cutaway.Run.embed_epochs`."""
    named = context.folder.epochs if epochs is None else [epochs] if isinstance(epochs, int) else epochs
    wanted = [context.epoch(epoch) for epoch in named]
    if sorted(set(wanted)) != wanted:
        raise UsageError(
            "the epochs of a sequence go up, each named once",
            got=", ".join(map(str, wanted)),
            hint=f"pass epochs={sorted(set(wanted))}",
        )
    _check_count(wanted, "epochs", context.folder.epochs)
    name = INPUT if layer == INPUT else context.layer(layer, epoch=wanted[0])
    steps = [Step(name, epoch, f"epoch {epoch}") for epoch in wanted]
    return make_sequence(_task(context, split, points=points, seed=seed, settings=settings), steps, on_progress)


def embed_layers(
    context: RunContext,
    epoch: int | None = None,
    *,
    layers: Sequence[str] | None = None,
    split: str = "all",
    points: int | None = None,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
    **settings: Any,
) -> EmbeddingSequence:
    """Embed several layers at one epoch; see `cutaway.Run.embed_layers`."""
    from cutaway.models import layer_names

    number = context.epoch(epoch)
    dense = layer_names(context.model(number), "Dense")
    wanted = dense if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in wanted:
        if name != INPUT:
            context.layer(name, epoch=number)
    if len(set(wanted)) < len(wanted):
        raise UsageError(
            "each layer of a sequence is named once",
            got=", ".join(wanted),
            hint=f"pass layers={list(dict.fromkeys(wanted))}",
        )
    _check_count(wanted, "layers", [INPUT, *dense])
    steps = [Step(name, number, name) for name in wanted]
    return make_sequence(_task(context, split, points=points, seed=seed, settings=settings), steps, on_progress)


def _check_count(wanted: list[Any], what: str, known: list[Any]) -> None:
    if len(wanted) < 2:
        raise UsageError(
            f"a sequence has two {what} or more",
            got=", ".join(map(str, wanted)) or "none",
            hint=f"name two of {', '.join(map(str, known))}, or embed one alone with run.embed",
        )


def _task(context: RunContext, split: str, *, points: int | None, seed: int, settings: dict[str, Any]) -> SequenceTask:
    ids = context.ids(split, samples=points, seed=seed)
    return SequenceTask(context, ids, resolve_settings(method="tsne", seed=seed, samples=len(ids), **settings))
