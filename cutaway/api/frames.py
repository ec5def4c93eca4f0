"""The frames of a sequence of embeddings: made one after the other, or read from the run folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import SampleIds
from cutaway.embedding import Layout, embed, layout_to_npz
from cutaway.errors import CutawayError
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.runs import embedding_path, write_atomic

from .embed import key_of, predicted_classes, read_layout
from .embedding import Embedding

if TYPE_CHECKING:
    from .run import Run

INPUT = "input"
"""Names the samples themselves, as the model sees them, where no layer has this name."""

FOLLOWING = 4
"""Goes into the key of a further frame: another way to follow gives other coordinates."""


@dataclass(frozen=True, eq=False)
class EmbeddingSequence:
    """Embeddings of the same samples, each started from the one before and aligned with it.

    Attributes:
        frames: The embeddings, in order.
        names: What each shows: "epoch 3", or a layer's name.
        drift: float32 ``(frame - 1, sample)``: how far a sample moved since the frame before, in units of that frame's
            radius (root mean square from its mean).
        kept: float32 ``(frame - 1, sample)``, 0..1: share of its 15 nearest neighbors in the layer before that are its
            nearest again (a quarter of the samples, where they are fewer than 60).
    """

    frames: tuple[Embedding, ...] = field(repr=False)
    names: tuple[str, ...]
    drift: np.ndarray = field(repr=False)
    kept: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def ids(self) -> SampleIds:
        """Identity of each sample."""
        return self.frames[0].ids

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 ``(frame, sample, 2)``; their unit has no meaning, but it is one for all frames."""
        return np.stack([frame.xy for frame in self.frames])

    def to_pandas(self) -> Any:
        """A pandas DataFrame, one row a frame and sample: frame, sample, x, y, label, predicted, drift, kept.

        The last two are missing in the first frame.
        """
        import pandas

        tables = [frame.to_pandas() for frame in self.frames]
        missing = np.full((1, len(self.ids)), np.nan, np.float32)
        drift, kept = np.vstack([missing, self.drift]), np.vstack([missing, self.kept])
        for table, name, moved, share in zip(tables, self.names, drift, kept, strict=True):
            table.insert(0, "frame", name)
            table["drift"], table["kept"] = moved, share
        return pandas.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class Spot:
    """Where a frame comes from: a layer at an epoch, and what the frame is called."""

    layer: str
    epoch: int
    name: str


@dataclass(frozen=True, eq=False)
class _Found:
    """A frame: the first one has no ``kept``, one that was read no ``nearest``, one just made no ``predicted``."""

    layout: Layout
    kept: np.ndarray | None = None
    nearest: np.ndarray | None = None
    predicted: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Work:
    """What all frames share."""

    run: "Run"
    ids: SampleIds
    x: Any
    labels: np.ndarray
    settings: dict[str, Any]

    def activations(self, spot: Spot, on_progress: ProgressCallback = ignore_progress) -> np.ndarray:
        """float32 (sample, unit)."""
        from cutaway.interpret import activations

        model, scale = self.run.model(epoch=spot.epoch), self.run.data.scale
        if spot.layer == INPUT and INPUT not in [layer.name for layer in model.layers]:
            return np.asarray(self.x, np.float32).reshape(len(self.ids), -1) / np.float32(scale)
        return activations(model, spot.layer, x=self.x, scale=scale, on_progress=on_progress)

    def embedding(self, spot: Spot, layout: Layout, *, predicted: np.ndarray, file: Path) -> Embedding:
        """The frame as the user holds it."""
        return Embedding(
            layer=spot.layer,
            epoch=spot.epoch,
            layout=layout,
            ids=self.ids,
            labels=self.labels,
            predicted=predicted,
            class_names=self.run.class_names,
            data=self.run.data,
            reference=partial(self.activations, spot),
            file=file,
        )

    def file(self, spot: Spot, before: Path | None) -> Path:
        """Where a frame is kept; the first one where `Run.embed` keeps it, the others by what they started from."""
        settings = self.settings
        if before is not None:
            settings = {"perplexity": settings["perplexity"], "seed": settings["seed"]}
            settings |= {"method": "tsne", "following": FOLLOWING, "before": before.name}
        key = key_of(self.run, spot.layer, ids=self.ids, epoch=spot.epoch, settings=settings)
        return embedding_path(self.run.path, spot.layer, epoch=spot.epoch, method="tsne", key=key)


class _Clock:
    """Tells which frame is being made, and how long the rest will take."""

    def __init__(self, on_progress: ProgressCallback, names: Sequence[str]) -> None:
        self.on_progress, self.names, self.done = on_progress, names, 0
        self.begun, self.usual = perf_counter(), None

    def inner(self, now: Progress) -> None:
        """Pass on what a part of the frame in hand reports."""
        share = f" {100 * now.done // now.total} %" if now.total else ""
        self._say(
            f"frame {self.done + 1} of {len(self.names)}, {self.names[self.done]}: {now.task}{share}{self._left()}"
        )

    def finish(self, *, made: bool) -> None:
        """Count a frame, whether it was made now or read from the cache."""
        seconds = perf_counter() - self.begun
        if made:
            # a mean that forgets with time
            self.usual = seconds if self.usual is None else (self.usual + seconds) / 2
        self.done += 1
        self.begun = perf_counter()
        self._say(self._frame(self.done - 1))

    def _frame(self, number: int) -> str:
        return f"frame {number + 1} of {len(self.names)}, {self.names[number]}"

    def _left(self) -> str:
        if self.usual is None:
            return ""
        rest = self.usual * (len(self.names) - self.done - 1)
        return f", {max(self.usual - (perf_counter() - self.begun), 0) + rest:.0f} s left"

    def _say(self, note: str) -> None:
        self.on_progress(Progress("embeddings", self.done, len(self.names), "frames", note))


def make_frames(work: Work, spots: list[Spot], on_progress: ProgressCallback) -> EmbeddingSequence:
    """Make the frames of a sequence in order, each from the one before.

    Raises:
        KeyboardInterrupt: Ctrl-C; finished frames are kept, and the same call goes on from there.
    """
    from cutaway.embedding import drift

    names = tuple(spot.name for spot in spots)
    clock = _Clock(on_progress, names)
    frames: list[Embedding] = []
    moved, shares = [], []
    nearest, predicted = None, {}
    try:
        for number, spot in enumerate(spots):
            before = frames[-1] if frames else None
            file = work.file(spot, before.file if before else None)
            found = made = _read(file, work.ids, further=before is not None)
            if spot.epoch not in predicted:
                kept = made.predicted if made else None
                predicted = {spot.epoch: predicted_classes(work.run, work.x, epoch=spot.epoch, kept=kept)}
            if found is None:
                found = _make(work, spots[max(number - 1, 0) : number + 1], before, nearest, on_progress=clock.inner)
                _write(file, found, work.ids, predicted=predicted[spot.epoch])
            nearest = found.nearest
            frames.append(work.embedding(spot, found.layout, predicted=predicted[spot.epoch], file=file))
            if before is not None:
                moved.append(drift(before.xy, found.layout.xy))
                shares.append(found.kept)
            clock.finish(made=made is None)
    except KeyboardInterrupt as stop:
        words = f"{len(frames)} of {len(spots)} frames are done and kept; next: the same call goes on from there"
        raise KeyboardInterrupt(words) from stop
    return EmbeddingSequence(tuple(frames), names, np.stack(moved), np.stack(shares))


def _make(
    work: Work,
    spots: list[Spot],
    before: Embedding | None,
    nearest: np.ndarray | None,
    *,
    on_progress: ProgressCallback,
) -> _Found:
    """Lay out the last of one or two spots, the second from where the first lies."""
    from cutaway.embedding import PreviousEmbedding, embed_next, layer_neighbors

    spot = spots[-1]
    try:
        h = work.activations(spot, on_progress)
        if before is None:
            layout = embed(h, labels=work.labels, on_progress=on_progress, **work.settings)
            if layout.settings["stopped"] == "canceled":
                raise KeyboardInterrupt
            return _Found(layout)
        if nearest is None:
            nearest = layer_neighbors(work.activations(spots[0]), on_progress=on_progress)
        settings = {"perplexity": work.settings["perplexity"], "seed": work.settings["seed"]}
        done = embed_next(h, PreviousEmbedding(before.xy, nearest), on_progress=on_progress, **settings)
        if done.layout.settings["stopped"] == "canceled":
            raise KeyboardInterrupt
        return _Found(done.layout, done.preserved, done.neighbors)
    except CutawayError as error:
        raise type(error)(error.rule, got=f"{error.got} in the frame {spot.name}", hint=error.hint) from error


def _write(file: Path, found: _Found, ids: SampleIds, *, predicted: np.ndarray) -> None:
    arrays = {"source": ids.code, "index": ids.index, "predicted": predicted}
    arrays |= {} if found.kept is None else {"kept": found.kept}
    file.parent.mkdir(exist_ok=True)
    write_atomic(file, layout_to_npz(found.layout, arrays))


def _read(file: Path, ids: SampleIds, *, further: bool) -> _Found | None:
    found = read_layout(file, ids)
    if found is None or further != ("kept" in found[1]):
        return None
    return _Found(found[0], found[1].get("kept"), predicted=found[1].get("predicted"))
