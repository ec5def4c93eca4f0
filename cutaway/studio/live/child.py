"""The process of live maps: ``python -m cutaway.studio.live.child``.

It reads which runs are watched, and writes a frame for each after every epoch. It has a low priority, computes with few
samples, and has an allowance of CPU time: a long training beside it must lose next to nothing.
"""

import base64
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cutaway.errors import CutawayError, UnknownNameError
from cutaway.log import shown_log
from cutaway.parallel import cpu_count, single_threaded_blas
from cutaway.studio.lines import read_lines, write_line
from cutaway.studio.priority import lower_priority

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.studio.live.moving import MovingMap

log = logging.getLogger("cutaway.studio.live")

SAMPLES = 600
"""On the map. 0.04 s of CPU time for each frame; 1,000 take 0.07 s, which an epoch of less than a second feels."""

FREE = 3.0
"""Seconds of CPU time that the maps of one run may take at once: some 70 frames, so that short trainings show every
epoch."""

SHARE = 0.02
"""Of the machine's CPU time that they may take beyond it. On 2 CPUs, epochs of 1 s or more have their frame always."""

CPUS = cpu_count()

LOOK = 0.1
"""Seconds between two looks for new snapshots."""


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
        """Count what is done inside."""
        start = time.process_time()
        try:
            yield
        finally:
            self._spent += time.process_time() - start


class LiveRun:
    """A run that is watched: the samples on its map, and the last frame."""

    def __init__(self, path: Path) -> None:
        from cutaway.api.opening import open_run
        from cutaway.topics.embedding.explored import explorer_colors

        context = open_run(path).context
        self._folder = context.folder  # the samples that are not on the map are let go
        split = "test" if len(context.split.test) else "val"
        ids = context.ids(split, samples=SAMPLES)
        self._rows, self._labels, self._scale = context.data.x(ids), context.data.y(ids), context.data.scale
        self._head = {"path": str(path), "layer": context.layer(None), "split": split, "samples": len(ids)}
        self._head["colors"] = explorer_colors()
        self._head["classes"] = list(context.class_names[:255])
        self._model: Model = context.build_model(0)
        self._map: MovingMap | None = None
        self.allowance = Allowance()
        self.epoch = -1
        self.error: str | None = None

    def newest(self) -> int:
        """The last epoch with a snapshot; -1 if there is none."""
        return max(self._folder.epochs, default=-1)

    def frames(self, epoch: int) -> None:
        """Write the map after an epoch; before the first one, that of the two principal components, at once."""
        from cutaway.models import ForwardPass, class_probabilities
        from cutaway.studio.live.moving import MovingMap

        self.epoch = epoch
        layer, output = self._head["layer"], self._model.outputs[0]._keras_history.operation.name
        both = ForwardPass.of(self._model, [layer, output], scale=self._scale)
        found = both(self._rows, weights=self._folder.snapshot(epoch))
        h = found[layer].reshape(len(self._rows), -1)
        predicted = class_probabilities(self._model, found[output]).argmax(axis=1)
        if self._map is None:
            self._map = MovingMap(h)
            self._write(epoch, self._map.xy, predicted)
        self._map.move(h)
        self._write(epoch, self._map.xy, predicted)

    def _write(self, epoch: int, xy: np.ndarray, predicted: np.ndarray) -> None:
        from cutaway.page import scale_layout

        codes = [np.minimum(each, 254).astype(np.uint8) for each in (self._labels, predicted)]
        data = b"".join([scale_layout(xy).tobytes(), *(each.tobytes() for each in codes)])
        write_line({**self._head, "epoch": epoch, "data": base64.b64encode(data).decode()})


class _Watched:
    """The runs that are watched, as the other side says in a thread of its own."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for record in read_lines(sys.stdin.buffer):
            self.paths = [Path(run) for run in record["runs"]]
        os._exit(0)  # the studio is gone


def _load() -> None:
    """Load what maps need while the training that will be watched loads its own, before there is a second thread."""
    from cutaway.models import import_lean_keras, lean_keras

    lean_keras()
    import_lean_keras()


def main() -> None:
    """Write frames until the studio is gone."""
    from cutaway.embedding import warm_up
    from cutaway.models import forget_compiled_programs

    os.environ["NUMBA_NUM_THREADS"] = "1"  # threads that wait for each other beside a training take more CPU time
    lower_priority(5)  # at 10, it is ready after 30 s beside a training that takes all CPUs
    _load()
    watched, runs = _Watched(), dict[Path, LiveRun | None]()
    warm_up()
    lower_priority(19)  # at 10, an epoch of 0.8 s took 7% longer: each of its steps waits for the slower of two threads
    while True:
        paths = list(watched.paths)
        left = [path for path in runs if path not in paths]
        for path in left:
            del runs[path]
        if left:  # of twenty runs, one after the other, it would hold 590 MB
            forget_compiled_programs()
        worked = [_look(path, runs) for path in paths]
        if not any(worked):
            time.sleep(LOOK)


def _look(path: Path, runs: "dict[Path, LiveRun | None]") -> bool:
    """Write the next frames of a run, if it has a new snapshot; one that cannot be shown is said once."""
    try:
        if path not in runs:
            runs[path] = LiveRun(path)
        run = runs[path]
        if run is None or (newest := run.newest()) <= run.epoch or not run.allowance.is_left:
            return False
        with run.allowance.spending(), single_threaded_blas():
            run.frames(newest)
    except UnknownNameError:  # it has no snapshot yet, or is gone
        return False
    except CutawayError as error:
        runs[path] = None
        write_line({"path": str(path), "error": str(error)})
    except Exception as error:
        log.exception("a live map failed")
        runs[path] = None
        said = " ".join(str(error).split())[:300]
        got = f"{type(error).__name__}: {said}"
        write_line(
            {"path": str(path), "error": f"this run has a live map; got {got}; next: look at it when it has ended"}
        )
    return True


if __name__ == "__main__":
    with shown_log():
        main()
