"""From a run to a sequence of embeddings: one layer through the epochs, or one epoch through the layers."""

from collections.abc import Sequence
from typing import Any

from cutaway.context import RunContext
from cutaway.embedding import resolve_settings
from cutaway.errors import UsageError
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.topics.common.epochs import epoch_numbers

from .activations import INPUT
from .embeddings import map_samples
from .passes import SharedPasses
from .sequence import EmbeddingSequence
from .sequence_steps import SequenceTask, Step, make_sequence

MISTAKEN_FOR_EPOCHS = {
    "epoch": "embed_epochs takes several epochs: pass epochs=[...], or call run.embed for a single one",
    "layers": "embed_epochs takes one layer: pass layer=, or call run.embed_layers",
}
MISTAKEN_FOR_LAYERS = {
    "epochs": "embed_layers takes one epoch: pass epoch=, or call run.embed_epochs",
    "layer": "embed_layers takes several layers: pass layers=[...], or call run.embed for a single one",
}
"""Arguments of `embed` and of the other kind of sequence -> what to say about them."""


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
    settings = _sequence_settings(settings, MISTAKEN_FOR_EPOCHS)
    wanted = epoch_numbers(context, epochs)
    if sorted(set(wanted)) != wanted:
        raise UsageError(
            "epochs of a sequence are in ascending order, without duplicates",
            got=", ".join(map(str, wanted)),
            hint=f"pass epochs={sorted(set(wanted))}",
        )
    _check_count(wanted, "epochs", context.folder.epochs)
    name = INPUT if layer == INPUT else context.layer(layer, epoch=wanted[0])
    steps = [Step(name, epoch, f"epoch {epoch}") for epoch in wanted]
    return make_sequence(_task(context, split, [name], points=points, seed=seed, settings=settings), steps, on_progress)


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
    settings = _sequence_settings(settings, MISTAKEN_FOR_LAYERS)
    number = context.epoch(epoch)
    dense = context.outline.dense
    wanted = dense if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in wanted:
        if name != INPUT:
            context.layer(name, epoch=number)
    if len(set(wanted)) < len(wanted):
        raise UsageError(
            "layers of a sequence are named without duplicates",
            got=", ".join(wanted),
            hint=f"pass layers={list(dict.fromkeys(wanted))}",
        )
    _check_count(wanted, "layers", [INPUT, *dense])
    steps = [Step(name, number, name) for name in wanted]
    return make_sequence(_task(context, split, wanted, points=points, seed=seed, settings=settings), steps, on_progress)


def _sequence_settings(settings: dict[str, Any], mistaken: dict[str, str]) -> dict[str, Any]:
    """Return the settings of t-SNE; refuse arguments of `embed` that a sequence does not have, before any work."""
    for name in mistaken.keys() & settings.keys():
        rule, hint = mistaken[name].split(": ")
        raise UsageError(rule, got=f"{name}={settings[name]!r}", hint=hint)
    if "callback" in settings:
        raise UsageError(
            "a callback watches a single embedding, not a sequence", got="callback=", hint="pass it to run.embed"
        )
    if settings.get("method", "tsne") != "tsne":
        raise UsageError(
            "each embedding of a sequence starts from the one before, which only t-SNE can do",
            got=f"method={settings['method']!r}",
            hint="leave method out, or call run.embed for each one",
        )
    return {name: value for name, value in settings.items() if name != "method"}


def _check_count(wanted: list[Any], what: str, known: list[Any]) -> None:
    if len(wanted) < 2:
        raise UsageError(
            f"a sequence has two {what} or more",
            got=", ".join(map(str, wanted)) or "none",
            hint=f"name two of {', '.join(map(str, known))}, or embed one alone with run.embed",
        )


def _task(
    context: RunContext,
    split: str,
    layers: Sequence[str],
    *,
    points: int | None,
    seed: int,
    settings: dict[str, Any],
) -> SequenceTask:
    ids, total = map_samples(context, split, points=points, seed=seed)
    settings = resolve_settings(method="tsne", seed=seed, samples=len(ids), **settings)
    return SequenceTask(context, ids, settings, SharedPasses(context, ids, layers), total)
