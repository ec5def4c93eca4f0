"""Parts of pages about runs, made by the report's own code, one by one."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutaway.api.run import Run
from cutaway.context import RunContext
from cutaway.errors import Canceled, CutawayError, UnknownNameError, UsageError, escaped
from cutaway.models import import_lean_keras, lean_keras
from cutaway.page import Explorer, Section, Text, render, render_section
from cutaway.progress import Progress, ProgressCallback, ignore_progress, raise_if_canceled
from cutaway.report import ReportProgress, embeddings, heading, make_section, preview, report_page, section_names
from cutaway.results.progress import show_progress
from cutaway.runs import RunFolder
from cutaway.topics.common.options import MapOptions
from cutaway.topics.common.pairing import pair_samples
from cutaway.topics.common.source import ReportSource

from .specifications import JobContext, SectionJob, run_signature
from .store import INDEX, part_names, write_part

HELD = 2
"""Number of runs whose data are held, and of sources of sections: the next job often uses the same ones."""

QUICK = ("learning", "augmented", "settings", "heading", "verdict", "findings", "classes")
"""Sections to make first: they take least, or matter most."""

OTHER_JOBS = ("explore", "label_issues", "comparison")
"""Sections that have jobs of their own."""

TOO_FEW = "There are too few samples for a map, or the run does not hold its model."


class CurrentCallback:
    """Hands progress on to whoever waits now: objects held between two jobs keep no callback of an old one."""

    def __init__(self) -> None:
        self.callback: ProgressCallback = ignore_progress

    def __call__(self, now: Progress) -> None:
        """Hand a report on."""
        self.callback(now)


@functools.lru_cache(HELD)
def _open(path: Path, signature: str) -> RunContext:
    """A run, read again when its content has changed."""
    return RunContext(RunFolder.open(path))


@functools.lru_cache(HELD)
def _held_source(
    context: RunContext, against: RunContext | None, options: MapOptions, signature: str
) -> tuple[ReportSource, CurrentCallback]:
    """The source of sections. It remembers the label issues, which the signature includes."""
    current = CurrentCallback()
    source = ReportSource(context, current, options)
    if against is None:
        return source, current
    try:  # all samples, or those that both runs have
        paired = pair_samples(context, against, split=source.split, shared=False)
    except UsageError:
        paired = pair_samples(context, against, split=source.split, shared=True)
    return replace(source, against=paired), current


@dataclass(frozen=True)
class Work:
    """A job under way, and the place for its parts.

    Attributes:
        job: Its specification.
        context: The folder of runs, the key, and whom to report to.
        on_progress: Called with the progress.
    """

    job: SectionJob
    context: JobContext
    on_progress: ProgressCallback

    @property
    def there(self) -> list[str]:
        """Parts that are there."""
        return part_names(self.context.key)

    def put(self, name: str, document: Any, arrays: list[bytes] | None = None) -> None:
        """Write a part, unless the job was canceled: the part may then be incomplete."""
        raise_if_canceled()
        write_part(self.context.key, name, document, arrays or [])
        if name != INDEX:
            self.context.on_part(name)

    def put_section(self, name: str, section: Section | None) -> None:
        """Write a section, if there is one."""
        if section is not None:
            part = render_section(section)
            self.put(name, part.document, part.arrays)

    def open(self, run: str | None = None, *, with_data: bool = False) -> RunContext:
        """A run of the job, its own if it is not named.

        Args:
            run: Its id.
            with_data: Whether its data are loaded: a section that is made without them says so, and would still say so
                when they are back.

        Raises:
            DataError: The data are gone or have changed. Runs on arrays are let through: nobody keeps those.
        """
        path = self.context.folder / (run or self.job.run)
        context = _open(path, str(run_signature(path)))
        if with_data and context.manifest.dataset.origin["kind"] != "arrays":
            context.data  # noqa: B018 (loads them)
        return context

    def source(self, on_progress: ProgressCallback | None = None, *, with_data: bool = False) -> ReportSource:
        """The source of sections, with the data of all runs of the job if requested."""
        job = self.job
        own, *others = (self.open(run, with_data=with_data) for run in job.runs)
        if job.split is not None:
            own.part(job.split)
        signature = run_signature(own.path, label_issues=True, personal=True)
        source, current = _held_source(own, others[0] if others else None, job.shown, str(signature))
        current.callback = on_progress or self.on_progress
        return source


def load() -> None:
    """Load the packages of most sections; the rest of them is imported above."""
    lean_keras()
    import_lean_keras()


def run(job: SectionJob, context: JobContext) -> None:
    """Do a job: write all its parts that are not there, the index last.

    Args:
        job: Its specification.
        context: The folder of runs, the key, and whom to report to.

    Raises:
        CutawayError: It cannot be done.
        Canceled: It was canceled.
        OSError: The cache cannot be written.
    """
    with show_progress(context.on_progress) as shown:
        work = Work(job, context, shown)
        try:
            MAKERS[job.kind](work)
        except Canceled:
            raise
        except CutawayError:  # wrong data may be replaced by the right ones
            _open.cache_clear()
            _held_source.cache_clear()
            raise
    there = work.there
    work.put(INDEX, {"sections": [name for name in ("preview", *section_names()) if name in there]})


def _sections(work: Work) -> None:
    names = [name for name in section_names() if name not in OTHER_JOBS]
    order = list(dict.fromkeys([*(name for name in QUICK if name == "heading" or name in names), *names]))
    progress = ReportProgress(work.on_progress, order)
    source, there = work.source(progress.inner), work.there
    work.put("order", {"names": names})
    for name in order:
        progress.begin(name)
        if name == "heading":
            page = heading(source)
            work.put(name, {"subtitle": escaped(page.subtitle), "footer": escaped(page.footer)})
        elif name not in there:
            work.put_section(name, make_section(source, name))
        progress.end()


def _section(name: str) -> Callable[[Work], None]:
    return lambda work: work.put_section(name, make_section(work.source(with_data=True), name))


def _explore(work: Work) -> None:
    progress = ReportProgress(work.on_progress, ["explore"])
    source = work.source(progress.inner, with_data=True)
    progress.expect(embeddings(source))
    progress.begin("explore")
    section = make_section(source, "explore")
    work.put_section("explore", section or Text(name="explore", title="Every sample", paragraphs=(TOO_FEW,)))
    progress.end()


def _report(work: Work) -> None:
    progress = ReportProgress(work.on_progress, section_names())
    page, state = report_page(work.source(progress.inner), progress), work.job.state or ""
    begun = [replace(part, begins=state) if isinstance(part, Explorer) else part for part in page.sections]
    html = render(replace(page, sections=tuple(begun)))
    work.put("report", {"name": f"{work.job.run}.html"}, [html.encode(errors="backslashreplace")])
    progress.end()


def _label_issues(work: Work) -> None:
    """Each sample is judged once. Each fold is kept in the run, and the sheet reads it from there: there is no part."""
    from cutaway.topics.label_issues.cross_validation import of_run
    from cutaway.topics.label_issues.options import LabelIssuesOptions
    from cutaway.topics.label_issues.search import find_label_issues

    find_label_issues(of_run(work.open(), LabelIssuesOptions(seeds=1)), on_progress=work.on_progress)


def _remedy(work: Work) -> None:
    from cutaway.topics.doctor.options import DoctorOptions
    from cutaway.topics.doctor.remedy_tests import try_remedy

    wanted, run = work.job.finding or "", Run(work.open())
    known = {each.kind: each for each in run.findings(progress=work.on_progress) if each.remedy is not None}
    if wanted not in known:
        raise UnknownNameError(
            f'this run has no remedy "{wanted:.100}"',
            hint=f"choose one of {', '.join(known)}" if known else "load the page again: nothing can be tried",
        )
    tested = try_remedy(run, known[wanted], seeds=DoctorOptions().seeds, progress=work.on_progress)
    work.put("remedy", {"words": escaped(tested.words), "helped": tested.helped, "worse": bool(tested.worse)})


MAKERS: dict[str, Callable[[Work], None]] = {
    "preview": lambda work: work.put_section("preview", preview(work.source())),
    "sections": _sections,
    "sheet": _section("label_issues"),
    "explore": _explore,
    "report": _report,
    "compare": _section("comparison"),
    "label_issues": _label_issues,
    "remedy": _remedy,
}
"""The function that makes the parts of each kind of `cutaway.jobs.specifications.SECTIONS`."""
