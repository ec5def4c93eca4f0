"""The process that computes for pages: ``python -m cutaway.studio.computing.process NICE``.

It reads orders from its input and writes what happens to its output, a line of JSON each, and ends with its input. Its
main thread listens, so that a job can be canceled; another one works.
"""

import json
import logging
import math
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import Canceled, CutawayError, printable, ran_out_of_memory
from cutaway.log import shown_log, survive
from cutaway.progress import CancelToken, Pace, Progress
from cutaway.studio.priority import lower_priority

from .store import PartStore
from .tasks import TaskBox

if TYPE_CHECKING:
    from .making import Maker

log = logging.getLogger("cutaway.studio.computing")

EVERY = 0.2
"""Seconds between two reports of progress."""


class Mouth:
    """Writes to whoever started us; nothing else of this process reaches its output."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)  # what libraries print is no message
        self._lock = threading.Lock()

    def say(self, **message: Any) -> None:
        """Write a message; that nobody reads it any more ends the process."""
        with self._lock:
            try:
                self._file.write(json.dumps(message).encode() + b"\n")
            except OSError:
                os._exit(0)


class Teller:
    """Turns reports of progress into what a page shows, a few times a second."""

    def __init__(self, mouth: Mouth, job: str) -> None:
        self._mouth, self._job = mouth, job
        self._task, self._pace, self._said = "", Pace(0, 0), 0.0

    def __call__(self, now: Progress) -> None:
        """Take a report."""
        clock = time.monotonic()
        begins = now.task != self._task
        if begins:
            self._task, self._pace = now.task, Pace(now.done, clock)
        self._pace.take(now.done, clock)
        if not begins and clock - self._said < EVERY and not now.ended:
            return
        self._said = clock
        rate, left = self._pace.rate(now.total), now.seconds_left
        if left is None and rate and now.total:
            left = (now.total - now.done) / rate
        progress = {"task": now.task, "done": now.done, "total": now.total, "unit": now.unit, "note": now.note}
        self._mouth.say(job=self._job, progress={**progress, "rate": rate, "left": None if left == math.inf else left})


class Bench:
    """Where jobs are done, one after the other."""

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth
        self._orders: queue.Queue[dict[str, Any]] = queue.Queue()
        self._tokens: dict[str, CancelToken] = {}
        self._maker: Maker | None = None

    def take(self, message: dict[str, Any]) -> None:
        """Take an order, or cancel one."""
        if "cancel" in message:
            token = self._tokens.get(message["cancel"])
            if token is not None:
                token.cancel()
            return
        self._tokens[message["job"]] = CancelToken()
        self._orders.put(message)

    def load(self) -> None:
        """Load what is needed, while there is one thread."""
        with survive(log, "loading what analyses need", Exception):  # the first job says what is wrong
            from cutaway.models import import_lean_keras, lean_keras

            from .making import Maker

            self._maker = Maker(PartStore())
            lean_keras()
            import_lean_keras()

    def work(self) -> None:
        """Do jobs until the process ends."""
        self._mouth.say(ready=True)
        while True:
            order = self._orders.get()
            self._mouth.say(job=order["job"], **self._do(order))
            self._tokens.pop(order["job"], None)

    def _do(self, order: dict[str, Any]) -> dict[str, Any]:
        job = order["job"]
        try:
            if self._maker is None:
                from .making import Maker

                self._maker = Maker(PartStore())
            maker = self._maker
            task = TaskBox.model_validate({"task": order["task"]}).task
            with self._tokens[job]:
                maker.make(
                    task,
                    Path(order["folder"]),
                    key=order["key"],
                    on_progress=Teller(self._mouth, job),
                    on_part=lambda name: self._mouth.say(job=job, part=name),
                )
            return {"end": "done"}
        except Canceled:
            return {"end": "canceled"}
        except CutawayError as error:
            return {"end": "error", "error": printable(str(error))}
        except OSError as error:
            said = f"results are kept in your cache folder; got {error.strerror or error}; next: free some space"
            return {"end": "error", "error": printable(said)}
        except Exception as error:
            if ran_out_of_memory(error):
                return {"end": "error", "error": "memory has run out; next: show fewer samples"}
            log.exception("an analysis failed")
            return {"end": "error", "error": printable(f"unexpected {type(error).__name__}: {error}")}


def main() -> None:
    """Listen until the input ends."""
    lower_priority(int(sys.argv[1]))
    bench = Bench(Mouth())
    bench.load()
    threading.Thread(target=bench.work, daemon=True).start()
    for line in sys.stdin.buffer:
        bench.take(json.loads(line))
    os._exit(0)  # whoever started us is gone


if __name__ == "__main__":
    with shown_log():
        main()
