"""Live maps: a frame after each epoch of a run that is being trained and watched.

Their process has a low priority, computes with few samples, and has an allowance of CPU time for each run: a long
training that runs at the same time must lose next to nothing.
"""

import base64
import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.errors import Canceled, CutawayError, UnknownNameError, UsageError
from cutaway.parallel import cpu_count, single_threaded_blas
from cutaway.progress import raise_if_canceled

from .queues import lower_priority
from .specifications import JobContext, LiveMap

if TYPE_CHECKING:
    from cutaway.models import Model

SAMPLES = 600
"""On the map. 0.04 s of CPU time for each frame; 1,000 take 0.07 s, which an epoch of less than a second feels."""

FREE = 3.0
"""Seconds of CPU time that the maps of one run may take without a limit: some 70 frames, so short trainings show
every epoch."""

SHARE = 0.02
"""Of the machine's CPU time that they may take beyond it. On 2 CPUs, epochs of 1 s or more have their frame always."""

CPUS = cpu_count()

LOOK = 0.1
"""Seconds between two looks for new snapshots."""

PERPLEXITY = 30.0
"""As `cutaway.embedding.embed_next` has it by default; of few samples less."""

ONE_BY_ONE = threading.Lock()
"""Held while a frame of a run is made: frames of several runs at the same time would take more CPUs."""


@contextlib.contextmanager
def my_turn() -> Generator[None]:
    """Hold `ONE_BY_ONE`.

    Raises:
        Canceled: The job was canceled while it waited.
    """
    while not ONE_BY_ONE.acquire(timeout=LOOK):
        raise_if_canceled()
    try:
        yield
    finally:
        ONE_BY_ONE.release()


class Allowance:
    """How much CPU time the maps of a run may take."""

    def __init__(self) -> None:
        self._start, self._spent = time.monotonic(), 0.0

    @property
    def is_left(self) -> bool:
        """Whether another frame may be made now."""
        return self._spent <= FREE + SHARE * CPUS * (time.monotonic() - self._start)

    @contextlib.contextmanager
    def spending(self) -> Generator[None]:
        """Count the time inside."""
        start = time.process_time()
        try:
            yield
        finally:
            self._spent += time.process_time() - start


class MovingMap:
    """Lays out the same samples after each epoch, starting from their last places.

    The principal components are followed as well, by orthogonal iteration: one multiplication of the scatter matrix by
    the components of the epoch before. Of 512 units all eigenvectors take 50 ms for each epoch, and this 2.4 ms. On
    MNIST the directions keep 98.5% of the variance after the first epoch and more than 99.4% later, and 95% of the
    15 neighbors.

    Args:
        h: float32 (sample, unit), the activations after the first epoch, finite, not all rows equal.

    Attributes:
        xy: float32 (sample, 2), the places of the samples; at first from the two principal components.

    Raises:
        DataError: ``h`` is not such a matrix.

    Source: Golub and Van Loan 2013, section 8.2.4.
    """

    def __init__(self, h: np.ndarray) -> None:
        from cutaway.embedding import PCA_COMPONENTS, check_activations, layer_neighbors
        from cutaway.neighbors import principal_points

        h = check_activations(h)
        fitted, points = principal_points(h, min(PCA_COMPONENTS, h.shape[1]))
        self._directions = fitted.weights.astype(np.float32)
        self.xy = np.zeros((len(h), 2), np.float32)
        self.xy[:, : points.shape[1]] = points[:, :2]
        self._neighbors = layer_neighbors(points)

    def move(self, h: np.ndarray) -> None:
        """Lay the samples out by their activations now.

        Args:
            h: float32 (sample, unit), as the first ones.

        Raises:
            DataError: As for the first ones.
        """
        from cutaway.embedding import PreviousEmbedding, check_activations, embed_next

        points = self._followed(check_activations(h))
        before = PreviousEmbedding(self.xy, self._neighbors)
        moved = embed_next(points, before, perplexity=min(PERPLEXITY, (len(h) - 1) / 3), quick=True)
        self.xy, self._neighbors = moved.layout.xy, moved.neighbors

    def _followed(self, h: np.ndarray) -> np.ndarray:
        """The activations in the leading directions, which turn with them."""
        centered = h - h.mean(axis=0)
        self._directions, _ = np.linalg.qr(centered.T @ (centered @ self._directions))
        return centered @ self._directions


class LiveRun:
    """A run that is watched: the samples on its map, and the last frame."""

    def __init__(self, path: Path, on_part: Callable[[dict[str, Any]], None]) -> None:
        from cutaway.api.opening import open_run
        from cutaway.topics.embedding.explorer import explorer_colors

        context = open_run(path).context
        context.task.need_classes("a live map")
        self._folder = context.folder  # the samples that are not on the map are let go
        split = context.split.held_out
        ids = context.ids(split, samples=SAMPLES)
        self._rows, self._labels, self._scale = context.data.x(ids), context.data.y(ids), context.data.scale
        self._head = {"layer": context.layer(None), "split": split, "samples": len(ids)}
        self._head["colors"] = explorer_colors()
        self._head["classes"] = list(context.class_names[:255])
        self._model: Model = context.build_model(0)
        self._map: MovingMap | None = None
        self.allowance = Allowance()
        self.epoch = -1
        self._on_part = on_part

    def newest(self) -> int:
        """The last epoch with a snapshot; -1 if there is none."""
        return max(self._folder.epochs, default=-1)

    def frames(self, epoch: int) -> None:
        """Hand on the map after an epoch; before the first one, immediately, the two principal components."""
        from cutaway.models import ForwardPass, class_probabilities

        self.epoch = epoch
        layer, output = self._head["layer"], self._model.outputs[0]._keras_history.operation.name
        both = ForwardPass.of(self._model, [layer, output], scale=self._scale)
        outputs = both(self._rows, weights=self._folder.snapshot(epoch))
        h = outputs[layer].reshape(len(self._rows), -1)
        predicted = class_probabilities(self._model, outputs[output]).argmax(axis=1)
        if self._map is None:
            self._map = MovingMap(h)
            self._send(epoch, self._map.xy, predicted)
        self._map.move(h)
        self._send(epoch, self._map.xy, predicted)

    def _send(self, epoch: int, xy: np.ndarray, predicted: np.ndarray) -> None:
        from cutaway.page import scale_layout

        codes = [np.minimum(classes, 254).astype(np.uint8) for classes in (self._labels, predicted)]
        data = b"".join([scale_layout(xy).tobytes(), *(part.tobytes() for part in codes)])
        self._on_part({**self._head, "epoch": epoch, "data": base64.b64encode(data).decode()})


def load() -> None:
    """Load the packages that maps need while the watched training loads its own, before there is a second thread."""
    os.environ["NUMBA_NUM_THREADS"] = "1"  # threads that wait for each other while a training runs take more CPU time
    from cutaway.embedding import warm_up
    from cutaway.models import import_lean_keras, lean_keras

    lean_keras()
    import_lean_keras()
    warm_up()
    lower_priority(19)  # at 10, an epoch of 0.8 s took 7% longer: each of its steps waits for the slower of two threads


def run(live: LiveMap, context: JobContext) -> None:
    """Hand on a frame for each new snapshot of a run, until the job is canceled.

    Raises:
        Canceled: Nobody watches it any more.
        CutawayError: It cannot be shown.
    """
    from cutaway.models import forget_compiled_programs

    path, watched = context.folder / live.run, None
    try:
        while True:
            raise_if_canceled()
            with my_turn():
                try:
                    watched = watched or LiveRun(path, context.on_part)
                    has_worked = _next_frames(watched)
                except UnknownNameError:  # it has no snapshot yet, or is gone
                    has_worked = False
                except (Canceled, CutawayError):
                    raise
                except Exception as error:
                    words = " ".join(str(error).split())[:300]
                    raise UsageError(
                        f"the live map of this run failed: {type(error).__name__}: {words}",
                        hint="look at it when it has ended",
                    ) from error
            if not has_worked:
                time.sleep(LOOK)
    finally:
        watched = None
        forget_compiled_programs()  # of twenty runs, one after the other, it would hold 590 MB


def _next_frames(watched: LiveRun) -> bool:
    """Hand on the next frames of a run, if it has a new snapshot, and say whether it has."""
    newest = watched.newest()
    if newest <= watched.epoch or not watched.allowance.is_left:
        return False
    with watched.allowance.spending(), single_threaded_blas():
        watched.frames(newest)
    return True
