"""The embeddings of several layers at several epochs, placed so that all can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import resolve_settings
from cutaway.progress import ProgressCallback, ignore_progress

from .activations import INPUT
from .passes import SharedPasses
from .result import Embedding
from .sequence_steps import SequenceTask, Step, make_embeddings


@dataclass(frozen=True)
class EmbeddingGrid:
    """Embeddings of layers at epochs.

    Attributes:
        layers: Names, from the inputs to the outputs; `INPUT` for the samples themselves.
        epochs: Numbers, ascending.
        embeddings: By layer and epoch; of the samples themselves there is one for each epoch, the same.
    """

    layers: tuple[str, ...]
    epochs: tuple[int, ...]
    embeddings: dict[tuple[str, int], Embedding]


def embed_grid(
    context: RunContext,
    *,
    layers: Sequence[str],
    epochs: Sequence[int],
    root: str,
    kept: int,
    ids: SampleIds,
    seed: int = 0,
    first: Embedding | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> EmbeddingGrid:
    """Embed several layers at several epochs, each from a neighbor in the grid.

    One layer at the kept epoch is embedded from nothing. From there it goes layer by layer at that epoch, and then from
    epoch to epoch in every layer, so that a sample stays near its place from each embedding to the next.

    Args:
        context: The run.
        layers: Names, from the inputs to the outputs, `root` among them.
        epochs: Numbers of epochs with a snapshot, ascending, `kept` among them.
        root: The layer that is embedded first.
        kept: The epoch that is embedded first.
        ids: The samples.
        seed: Random seed of the first embedding.
        first: The first embedding, if it is there already, of the same samples.
        on_progress: Called with the progress of each embedding.

    Raises:
        DataError: The samples of a layer do not differ, or the model has diverged.
        Canceled: It was canceled; finished embeddings are kept.
    """
    steps = _steps(list(layers), list(epochs), root=root, kept=kept)
    settings = resolve_settings(method="tsne", seed=seed, samples=len(ids))
    task = SequenceTask(context, ids, settings, SharedPasses(context, ids, layers))
    made, _ = make_embeddings(task, steps, on_progress, first=first)
    found = {(step.layer, step.epoch): embedding for step, embedding in zip(steps, made, strict=True)}
    if INPUT in layers:
        found |= {(INPUT, epoch): found[INPUT, kept] for epoch in epochs}
    return EmbeddingGrid(tuple(layers), tuple(epochs), found)


def _steps(layers: list[str], epochs: list[int], *, root: str, kept: int) -> list[Step]:
    """The order of work: the root, the other layers at the kept epoch, then each layer from there outward."""
    steps: list[Step] = []
    places: dict[tuple[str, int], int] = {}

    def add(layer: str, epoch: int, after: tuple[str, int] | None) -> None:
        places[layer, epoch] = len(steps)
        name = layer if layer == INPUT else f"{layer} after epoch {epoch}"
        steps.append(Step(layer, epoch, name, None if after is None else places[after]))

    start, now = layers.index(root), epochs.index(kept)
    add(root, kept, None)
    for k in range(start - 1, -1, -1):
        add(layers[k], kept, (layers[k + 1], kept))
    for k in range(start + 1, len(layers)):
        add(layers[k], kept, (layers[k - 1], kept))
    # all layers of an epoch together: their activations are from one pass
    for k, nearer in [(k, k + 1) for k in range(now - 1, -1, -1)] + [(k, k - 1) for k in range(now + 1, len(epochs))]:
        for layer in layers:
            if layer != INPUT:
                add(layer, epochs[k], (layer, epochs[nearer]))
    return steps
