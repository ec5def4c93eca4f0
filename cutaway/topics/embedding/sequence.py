"""Embeddings that start from one another: a layer through the epochs, the layers of an epoch, or all of both.

Each is computed from the one before it, or read from the cache.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway._lazy import public
from cutaway.cache import CachedResult
from cutaway.checks import check_path, check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import Layout, PreviousEmbedding, drift, embed, embed_next, layer_neighbors, resolve_settings
from cutaway.errors import Canceled, CutawayError, UsageError
from cutaway.progress import Pace, Progress, ProgressCallback, ignore_progress
from cutaway.results.notebook import NotebookDisplay, joined_html, line_html, picture_html
from cutaway.results.written import WrittenFile
from cutaway.runs import check_output, write_output
from cutaway.topics.common.epochs import epoch_numbers
from cutaway.words import shown

from .activations import INPUT, SharedPasses
from .embedding import Embedding, KeptLayout, layout_place, map_samples, predicted_answers
from .options import EmbeddingOptions

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

WARM_START = 5
"""Part of the cache key of a later embedding: another way to start gives other coordinates."""

SHARED = ("perplexity", "seed")
"""Settings that the later embeddings of a sequence have in common with the first."""

OPTIONS = ("method", "split", "samples", "seed")
"""Options of `embed` that a sequence has as well."""

ENDINGS = (".webp", ".gif")

MISTAKEN_FOR_EPOCHS = {
    "epoch": "embed_epochs takes several epochs: pass epochs=[...], or call run.embed for a single one",
    "layers": "embed_epochs takes one layer: pass layer=, or call run.embed_layers",
}
MISTAKEN_FOR_LAYERS = {
    "epochs": "embed_layers takes one epoch: pass epoch=, or call run.embed_epochs",
    "layer": "embed_layers takes several layers: pass layers=[...], or call run.embed for a single one",
}
"""Arguments of `embed` and of the other kind of sequence -> what to say about them."""


@dataclass(frozen=True, eq=False)
class Film:
    """An animated image of a sequence of embeddings, made by `EmbeddingSequence.film`.

    A notebook plays it, or shows the steps side by side to a reader who wants no animations.

    Attributes:
        names: What the steps are.
        kind: "webp" or "gif".
        data: The bytes of the image.
        still: The bytes of a PNG with all steps side by side.
    """

    names: tuple[str, ...]
    kind: str
    data: bytes
    still: bytes

    def __repr__(self) -> str:
        return f"<Film of {len(self.names)} steps, {self.names[0]} to {self.names[-1]}: {len(self.data) / 1e6:.1f} MB>"

    def save(self, path: str | Path) -> Path:
        """Write it into a file, and return its path.

        Args:
            path: Ends in .webp or .gif.

        Raises:
            UsageError: It ends in something else, or cannot be written.
        """
        where = check_path(path, name="path")
        check_output(where, ENDINGS)
        kind = where.suffix.lower()[1:]
        write_output(where, self.data if kind == self.kind else _converted(self.data, kind))
        return WrittenFile(where)

    def _repr_html_(self) -> str:
        from cutaway.plots import data_uri

        picture = picture_html(data_uri(self.data, self.kind), alt=repr(self), still=data_uri(self.still))
        return joined_html(line_html(self), picture)


def _converted(data: bytes, kind: str) -> bytes:
    """An animated image in another format."""
    from PIL import Image, ImageSequence

    pictures, durations = list[Any](), list[int]()
    with Image.open(io.BytesIO(data)) as film:
        for frame in ImageSequence.Iterator(film):
            pictures.append(frame.convert("RGB"))
            durations.append(frame.info["duration"])
    file = io.BytesIO()
    pictures[0].save(
        file, kind.upper(), save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
    )
    return file.getvalue()


@public
@dataclass(frozen=True, eq=False)
class EmbeddingSequence(NotebookDisplay):
    """Embeddings of the same samples, each started from the one before and aligned with it.

    Attributes:
        embeddings: The embeddings, in order.
        names: What each shows: "epoch 3", or a layer's name.
        drift: float32 ``(embedding - 1, sample)``: how far a sample moved since the embedding before, in units of that
            embedding's radius (root mean square distance from its mean).
        preserved: float32 ``(embedding - 1, sample)``, 0..1: share of its 15 nearest neighbors in the layer before that
            are its nearest again (a quarter of the samples, if there are fewer than 60).
    """

    embeddings: tuple[Embedding, ...]
    names: tuple[str, ...]
    drift: np.ndarray
    preserved: np.ndarray

    def __repr__(self) -> str:
        shown = ", ".join(self.names)
        return f"<EmbeddingSequence of {len(self)} embeddings of {self.embeddings[0].count}: {shown}>"

    def __len__(self) -> int:
        return len(self.embeddings)

    def __getitem__(self, position: int) -> Embedding:
        return self.embeddings[position]

    @property
    def ids(self) -> SampleIds:
        """Identity of each sample."""
        return self.embeddings[0].ids

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 ``(embedding, sample, 2)``; their unit has no meaning, but all embeddings share it."""
        return np.stack([embedding.xy for embedding in self.embeddings])

    def plot(self, *, columns: int = 4) -> "Figure":
        """Draw all embeddings side by side, with the same axes, as a matplotlib Figure.

        Args:
            columns: Maximum number of embeddings in a row, from 1.

        Raises:
            UsageError: It is below 1.
        """
        from cutaway.plots import embedding_steps

        first = self.embeddings[0]
        columns = check_whole(columns, name="columns", least=1)
        return embedding_steps(self.xy, *first.colored_by, titles=self.names, columns=columns)

    def film(self) -> Film:
        """Make a film: points move from one embedding to the next on the same axes; a notebook plays it.

        Returns:
            An animated image; ``save(path)`` writes it into a file.
        """
        from cutaway.plots import embedding_film

        first = self.embeddings[0]
        data = embedding_film(self.xy, *first.colored_by, titles=self.names)
        return Film(self.names, "webp", data, cast("Any", self.plot()).png())

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row per embedding and sample.

        Columns: embedding, sample, x, y, label (of numbers target), predicted, drift, preserved. The
        last two are NaN in the first one.
        """
        import pandas

        tables = [embedding.to_pandas() for embedding in self.embeddings]
        missing = np.full((1, len(self.ids)), np.nan, np.float32)
        drift, preserved = np.vstack([missing, self.drift]), np.vstack([missing, self.preserved])
        for table, name, moved, share in zip(tables, self.names, drift, preserved, strict=True):
            table.insert(0, "embedding", name)
            table["drift"], table["preserved"] = moved, share
        return pandas.concat(tables, ignore_index=True)


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


@dataclass(frozen=True)
class Step:
    """One embedding among several.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        name: What it is called.
        after: Place among the steps of the one that it starts from; None for the first.
    """

    layer: str
    epoch: int
    name: str
    after: int | None = None


@dataclass(frozen=True, eq=False)
class SequenceTask:
    """What all embeddings of a sequence share.

    Attributes:
        context: The run.
        ids: The samples.
        settings: The resolved settings.
        passes: Where activations come from.
        total: See `Embedding.total`.
    """

    context: RunContext
    ids: SampleIds
    settings: dict[str, Any]
    passes: SharedPasses
    total: int | None = None

    @property
    def shared(self) -> dict[str, Any]:
        """The settings that later embeddings take."""
        return {name: self.settings[name] for name in SHARED}

    def place(self, step: Step, before: str | None) -> CachedResult:
        """The place in the cache: the first is kept like any embedding, a later one by the key it started from."""
        settings = self.settings
        if before is not None:
            settings = {**self.shared, "method": "tsne", "warm_start": WARM_START, "before": before}
        return layout_place(self.context, step.layer, epoch=step.epoch, ids=self.ids, settings=settings)


def embed_epochs(
    context: RunContext,
    layer: str | None = None,
    *,
    epochs: Sequence[int] | None = None,
    on_progress: ProgressCallback = ignore_progress,
    **settings: Any,
) -> EmbeddingSequence:
    """Embed a layer at several epochs; see `cutaway.Run.embed_epochs`."""
    options = _sequence_options(settings, MISTAKEN_FOR_EPOCHS)
    wanted = epoch_numbers(context, epochs)
    if sorted(set(wanted)) != wanted:
        raise UsageError(
            "the epochs must be in ascending order, without duplicates",
            got=", ".join(map(str, wanted)),
            hint=f"pass epochs={sorted(set(wanted))}",
        )
    _check_count(wanted, "epochs", context.folder.epochs)
    name = INPUT if layer == INPUT else context.layer(layer, epoch=wanted[0])
    steps = [Step(name, epoch, f"epoch {epoch}") for epoch in wanted]
    return make_sequence(_task(context, options, [name], settings), steps, on_progress)


def embed_layers(
    context: RunContext,
    epoch: int | None = None,
    *,
    layers: Sequence[str] | None = None,
    on_progress: ProgressCallback = ignore_progress,
    **settings: Any,
) -> EmbeddingSequence:
    """Embed several layers at one epoch; see `cutaway.Run.embed_layers`."""
    options = _sequence_options(settings, MISTAKEN_FOR_LAYERS)
    number = context.epoch(epoch)
    dense = context.outline.dense
    wanted = dense if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in wanted:
        if name != INPUT:
            context.layer(name, epoch=number)
    if len(set(wanted)) < len(wanted):
        raise UsageError(
            "a layer is named twice", got=", ".join(wanted), hint=f"pass layers={list(dict.fromkeys(wanted))}"
        )
    _check_count(wanted, "layers", [INPUT, *dense])
    steps = [Step(name, number, name) for name in wanted]
    return make_sequence(_task(context, options, wanted, settings), steps, on_progress)


def _sequence_options(settings: dict[str, Any], mistaken: dict[str, str]) -> EmbeddingOptions:
    """Take the options out of the given settings, and leave the settings of t-SNE there.

    Raises:
        UsageError: Something is an argument of `embed` that a sequence does not have, or is outside its bounds.
    """
    for name in mistaken.keys() & settings.keys():
        rule, hint = mistaken[name].split(": ")
        raise UsageError(rule, got=f"{name}={shown(settings[name])}", hint=hint)
    if "callback" in settings:
        raise UsageError("a sequence does not take callback=", hint="pass it to run.embed")
    if settings.get("method", "tsne") != "tsne":
        raise UsageError(
            f"method={shown(settings['method'])} makes no sequence: only t-SNE can start from the embedding before",
            hint="leave method out, or call run.embed for each one",
        )
    return EmbeddingOptions(**{name: settings.pop(name) for name in OPTIONS if name in settings})


def _check_count(wanted: list[Any], what: str, known: list[Any]) -> None:
    if len(wanted) < 2:
        raise UsageError(
            f"a sequence needs at least two {what}",
            got=", ".join(map(str, wanted)) or "none",
            hint=f"name two of {', '.join(map(str, known))}, or embed one alone with run.embed",
        )


def _task(
    context: RunContext, options: EmbeddingOptions, layers: Sequence[str], settings: dict[str, Any]
) -> SequenceTask:
    ids, total = map_samples(context, options)
    settings = resolve_settings(method="tsne", seed=options.seed, samples=len(ids), **settings)
    return SequenceTask(context, ids, settings, SharedPasses(context, ids, layers), total)


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
    epoch to epoch in every layer, so a sample stays near its place from each embedding to the next.

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
    steps = _grid_steps(list(layers), list(epochs), root=root, kept=kept)
    settings = resolve_settings(method="tsne", seed=seed, samples=len(ids))
    task = SequenceTask(context, ids, settings, SharedPasses(context, ids, layers))
    made, _ = make_embeddings(task, steps, on_progress, first=first)
    found = {(step.layer, step.epoch): embedding for step, embedding in zip(steps, made, strict=True)}
    if INPUT in layers:
        found |= {(INPUT, epoch): found[INPUT, kept] for epoch in epochs}
    return EmbeddingGrid(tuple(layers), tuple(epochs), found)


def _grid_steps(layers: list[str], epochs: list[int], *, root: str, kept: int) -> list[Step]:
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


def make_sequence(task: SequenceTask, steps: Sequence[Step], on_progress: ProgressCallback) -> EmbeddingSequence:
    """Make the embeddings of a sequence in order, each from the one before.

    Raises:
        Canceled: It was canceled; finished embeddings are cached, and the same call continues from there.
    """
    chain = [replace(step, after=k - 1 if k else None) for k, step in enumerate(steps)]
    embeddings, preserved = make_embeddings(task, chain, on_progress)
    moved = [drift(a.xy, b.xy) for a, b in pairwise(embeddings)]
    kept = [each for each in preserved[1:] if each is not None]
    return EmbeddingSequence(tuple(embeddings), tuple(step.name for step in steps), np.stack(moved), np.stack(kept))


def make_embeddings(
    task: SequenceTask, steps: Sequence[Step], on_progress: ProgressCallback, *, first: Embedding | None = None
) -> tuple[list[Embedding], list[np.ndarray | None]]:
    """Make embeddings in order, each from an earlier one.

    Args:
        task: What they share.
        steps: The first has no ``after``, all others have one.
        on_progress: Called with the progress of each.
        first: The embedding of the first step, if it is there already.

    Returns:
        The embeddings, and of each but the first the share of neighbors preserved, by sample.

    Raises:
        Canceled: It was canceled; finished embeddings are cached, and the same call continues from there.
    """
    clock = _Clock(on_progress, [step.name for step in steps])
    embeddings: list[Embedding] = []
    shares: list[np.ndarray | None] = []
    nearest: dict[int, np.ndarray] = {}  # of the steps that a later one starts from
    keys: list[str] = []
    last_use = {step.after: number for number, step in enumerate(steps)}
    try:
        for number, step in enumerate(steps):
            if first is not None and not number and first.file is not None:
                keys.append(first.file.name)
                shares.append(None)
                embeddings.append(first)
                clock.finish(computed=False)
                continue
            place = task.place(step, None if step.after is None else keys[step.after])
            keys.append(place.name)
            result: KeptLayout | None = place.read()
            computed = result is None
            if result is None:
                before = None
                if step.after is not None:
                    if step.after not in nearest:
                        nearest[step.after] = _neighbors(task, steps[step.after], clock.inner)
                    before = PreviousEmbedding(embeddings[step.after].xy, nearest[step.after])
                layout, preserved, found = _compute(task, step, before, on_progress=clock.inner)
                if found is not None:
                    nearest[number] = found
                result = KeptLayout(layout, _predicted(task, step, embeddings), preserved)
            is_kept = not computed or place.write(result)
            file, labels = place.path if is_kept else None, task.context.data.y(task.ids)
            about = task.ids, labels, result.predicted, file, task.context, task.total
            embeddings.append(Embedding(step.layer, step.epoch, result.layout, *about))
            shares.append(result.preserved)
            if step.after is not None and last_use[step.after] == number:
                nearest.pop(step.after, None)  # 25 MB of 70,000 samples each
            clock.finish(computed=computed)
    except Canceled as error:
        raise Canceled(
            f"the sequence of {len(steps)} embeddings was canceled",
            got=f"a request to cancel it, {_finished(len(embeddings))}",
            hint="make the same call again, which continues from there" if embeddings else "make the same call again",
        ) from error
    return embeddings, shares


def _finished(count: int) -> str:
    """What a canceled sequence leaves in the cache."""
    if not count:
        return "before the first one was finished"
    return "after the first one, which is cached" if count == 1 else f"after the first {count}, which are cached"


def _predicted(task: SequenceTask, step: Step, before: list[Embedding]) -> np.ndarray:
    """The predicted classes or numbers after an epoch, which embeddings of one epoch share."""
    known = next((each.predicted for each in before if each.epoch == step.epoch), None)
    return predicted_answers(task.context, task.ids, epoch=step.epoch) if known is None else known


def _neighbors(task: SequenceTask, step: Step, on_progress: ProgressCallback) -> np.ndarray:
    """The neighbors that later embeddings are compared with."""
    h = task.passes.activations(step.layer, step.epoch, on_progress=on_progress)
    return layer_neighbors(h, on_progress=on_progress)


def _compute(
    task: SequenceTask, step: Step, before: PreviousEmbedding | None, *, on_progress: ProgressCallback
) -> tuple[Layout, np.ndarray | None, np.ndarray | None]:
    """Embed one step, from where the one before it lies if there is one; then also what is preserved, and neighbors."""
    groups = task.context.data.strata_of(task.ids)
    try:
        h = task.passes.activations(step.layer, step.epoch, on_progress=on_progress)
        if before is None:
            layout = embed(h, labels=groups, on_progress=on_progress, **task.settings)
            _check_converged(layout)
            return layout, None, None
        done = embed_next(h, before, on_progress=on_progress, **task.shared)
        _check_converged(done.layout)
        return done.layout, done.preserved, done.neighbors
    except Canceled:
        raise
    except CutawayError as error:
        raise type(error)(f"{error.fault} in the embedding {step.name}", hint=error.hint) from error


def _check_converged(layout: Layout) -> None:
    """Raise for a layout that was canceled on its way: the next one must not start from it."""
    if layout.settings.get("stopped") == "canceled":
        raise Canceled("the embedding was canceled", got="a request to cancel it", hint="run it again")


class _Clock:
    """Reports which embedding is being made, and how long the rest will take."""

    def __init__(self, on_progress: ProgressCallback, names: Sequence[str]) -> None:
        self.on_progress, self.names, self.done = on_progress, names, 0
        self.begun, self.usual = perf_counter(), inf
        self.computed, self.spent, self.pace = 0, 0.0, Pace(0, 0)

    def inner(self, now: Progress) -> None:
        """Pass on what a part of the embedding in hand reports."""
        share = f" {100 * now.done // now.total}%" if now.total else ""
        self._report(f"{self._name(self.done)}: {now.task}{share}")

    def finish(self, *, computed: bool) -> None:
        """Count an embedding, whether it was computed now or read from the cache."""
        seconds = perf_counter() - self.begun
        if computed:
            self.computed, self.spent = self.computed + 1, self.spent + seconds
            self.pace.take(self.computed, self.spent)
            rate = self.pace.rate(len(self.names))
            self.usual = inf if rate is None else 1 / rate
        self.done += 1
        self.begun = perf_counter()
        self._report(self._name(self.done - 1))

    def _name(self, position: int) -> str:
        return f"embedding {position + 1} of {len(self.names)}, {self.names[position]}"

    def _left(self) -> float | None:
        """Seconds that the rest will take, at the pace of those computed of late: cached ones take no time."""
        if self.done == len(self.names):
            return None
        if self.usual == inf:
            return inf
        rest = self.usual * (len(self.names) - self.done - 1)
        return max(self.usual - (perf_counter() - self.begun), 0) + rest

    def _report(self, note: str) -> None:
        self.on_progress(Progress("embeddings", self.done, len(self.names), "embeddings", note, self._left()))
