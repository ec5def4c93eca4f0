"""The progress of a report as a whole: one task, whatever is computed for it."""

from math import inf
from time import perf_counter

from cutaway.progress import Pace, Progress, ProgressCallback

EMBEDDINGS = "embeddings"
"""The task whose units are the steps of the report."""

WORK = {"explore": 16.0, "comparison": 3.0, "verdict": 5.0, "influence": 4.0, "confidence": 1.0, "learning": 1.0}
"""What a section takes in addition to its embeddings: one embedding of 10,000 samples takes 1, the others `LITTLE`.
Measured on the default run on MNIST."""

LITTLE = 0.2


class ReportProgress:
    """Turns the progress of sections, and of the computations behind them, into one task that ends once.

    A section is a step, and so is each embedding.

    Args:
        on_progress: Called with the progress of the report.
        sections: Names of the sections, in order.
    """

    def __init__(self, on_progress: ProgressCallback, sections: list[str]) -> None:
        self._on_progress, self._sections = on_progress, sections
        self._done = self._embedded = self._embeddings = 0
        self._pace = Pace(0, perf_counter())

    def expect(self, embeddings: int) -> None:
        """Say how many embeddings there will be."""
        self._embeddings = embeddings

    def begin(self, section: str) -> None:
        """A section is made now."""
        self._report(section)

    def end(self) -> None:
        """A section is made."""
        if self._sections[self._done] == "explore":  # it may have made fewer embeddings than expected
            self._embedded = self._embeddings
        self._done += 1
        self._report("")

    def inner(self, now: Progress) -> None:
        """Take the progress of a computation behind the section in hand."""
        if now.task == EMBEDDINGS:
            self._embedded = min(now.done, self._embeddings)
            self._report(now.note)
        else:
            self._report(f"{now.task} {100 * now.done // now.total}%" if now.total else now.task)

    def _report(self, note: str) -> None:
        total = len(self._sections) + self._embeddings
        done = self._done + self._embedded
        left = self._left() if done < total else None
        self._on_progress(Progress("report", done, total, "steps", note, left))

    def _left(self) -> float:
        """Seconds that the rest will take, at the pace of late; infinite if it is not known."""
        works = [WORK.get(name, LITTLE) for name in self._sections]
        done, total = sum(works[: self._done]) + self._embedded, sum(works) + self._embeddings
        self._pace.take(done, perf_counter())
        rate = self._pace.rate(total)
        return inf if rate is None else (total - done) / rate
