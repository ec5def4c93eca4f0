"""What pages show of runs, made by the report's own code, part by part."""

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutaway.api.run import Run
from cutaway.context import RunContext
from cutaway.errors import Canceled, CutawayError, UnknownNameError, UsageError, escaped
from cutaway.findings import Finding, folded
from cutaway.page import Explorer, Section, Text, render, render_section
from cutaway.progress import Progress, ProgressCallback, ignore_progress, raise_if_canceled
from cutaway.report import ReportProgress, embeddings, heading, make_section, preview, report_page, section_names
from cutaway.results.progress import show_progress
from cutaway.runs import RunFolder
from cutaway.topics.common.pairing import pair_samples
from cutaway.topics.common.source import ReportSource

from .job_context import JobContext
from .signatures import run_signature
from .specifications import (
    CompareJob,
    DoctorJob,
    ExploreJob,
    PageJob,
    PreviewJob,
    ProofJob,
    ReportJob,
    SectionsJob,
    SheetJob,
    SuspectsJob,
)
from .store import INDEX, PartStore

CONTEXTS = 2
"""Runs whose data are held at a time."""

QUICK = ("learning", "augmented", "settings", "heading", "findings", "classes")
"""What is made first: these take least, or say most."""

OTHER_JOBS = ("explore", "suspects", "comparison")
"""Sections that have jobs of their own."""

TOO_FEW = "There are too few samples for a map, or the run does not hold its model."


@functools.cache
def _maker() -> "PartMaker":
    return PartMaker(PartStore())


def run(job: PageJob, context: JobContext) -> None:
    """Make the parts of a job; see `PartMaker.make`."""
    _maker().make(job, context)


class CurrentCallback:
    """Hands progress on to whoever waits now: what is held between two jobs keeps no callback of an old one."""

    def __init__(self) -> None:
        self.callback: ProgressCallback = ignore_progress

    def __call__(self, now: Progress) -> None:
        """Hand a report on."""
        self.callback(now)


class PartMaker:
    """Makes the parts of jobs; holds the data of the last runs.

    Attributes:
        store: Where parts go.
    """

    def __init__(self, store: PartStore) -> None:
        self.store = store
        self._contexts: OrderedDict[str, RunContext] = OrderedDict()
        self._sources: OrderedDict[str, tuple[ReportSource, CurrentCallback]] = OrderedDict()

    def make(self, job: PageJob, context: JobContext) -> None:
        """Do a job: write all its parts that are not there, the index last.

        Args:
            job: What to do.
            context: Where, and who is told.

        Raises:
            CutawayError: It cannot be done.
            Canceled: It was canceled.
            OSError: The disk refuses.
        """
        with show_progress(context.on_progress) as shown:
            out = _Parts(self.store, context.key, context.on_part)
            makers: dict[type, Callable[..., Any]] = {
                PreviewJob: self._preview,
                SectionsJob: self._sections,
                SheetJob: self._sheet,
                ExploreJob: self._explore,
                ReportJob: self._report,
                CompareJob: self._compare,
                SuspectsJob: self._suspects,
                DoctorJob: self._doctor,
                ProofJob: self._proof,
            }
            try:
                index = makers[type(job)](job, context.folder, out, shown)
            except Canceled:
                raise
            except CutawayError:  # data that are not those of the run may be replaced by the right ones
                self._contexts.clear()
                self._sources.clear()
                raise
        out.put(INDEX, index)
        self.store.tidy()

    def _context(self, folder: Path, run: str) -> RunContext:
        """A run, read again when its content has changed."""
        path = folder / run
        name = f"{path}\0{run_signature(path)}"
        if name not in self._contexts:
            self._contexts[name] = RunContext(RunFolder.open(path))
            while len(self._contexts) > CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(name)
        return self._contexts[name]

    def _with_data(self, folder: Path, run: str) -> RunContext:
        """A run whose data are there. What is made without them says so, and would still say so when they are back.

        Raises:
            DataError: They are not where they were, or have changed. Of arrays it is known that nobody keeps them.
        """
        context = self._context(folder, run)
        if context.manifest.dataset.origin["kind"] != "arrays":
            context.data  # noqa: B018 (loads them)
        return context

    def _source(
        self, job: PageJob, folder: Path, on_progress: ProgressCallback, *, against: str | None = None
    ) -> ReportSource:
        """What sections are made from; held, since sections of the next job need the same."""
        context = self._context(folder, job.run)
        chosen: dict[str, Any] = {}
        if isinstance(job, PreviewJob | ExploreJob | ReportJob):
            chosen = {"asked": job.split, "map_samples": job.samples}
            chosen |= {"map_layers": job.layers, "map_epochs": job.epochs}
        if job.kind != "sections" and chosen.get("asked") is not None:
            context.part(chosen["asked"])
        # a source remembers what was found of suspect labels, also that nobody has looked
        signature = run_signature(folder / job.run, suspects=True, labels=True)
        name = f"{id(context)} {chosen} {against} {signature}"
        if name not in self._sources or self._sources[name][0].context is not context:
            current = CurrentCallback()
            source = ReportSource(context, current, **chosen)
            if against is not None:
                source = replace(source, against=_paired(source, self._context(folder, against)))
            self._sources[name] = source, current
            while len(self._sources) > CONTEXTS:
                self._sources.popitem(last=False)
        self._sources.move_to_end(name)
        source, current = self._sources[name]
        current.callback = on_progress
        return source

    def _preview(self, job: PreviewJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        section = preview(self._source(job, folder, on_progress))
        out.section("preview", section)
        return {"sections": ["preview"] if section is not None else []}

    def _sections(self, job: SectionsJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        names = [name for name in section_names() if name not in OTHER_JOBS]
        order = [*(name for name in QUICK if name == "heading" or name in names), *names]
        order = list(dict.fromkeys(order))
        progress = ReportProgress(on_progress, order)
        source = self._source(job, folder, progress.inner)
        there = out.there
        out.put("order", {"names": names})
        for name in order:
            progress.begin(name)
            if name == "heading":
                page = heading(source)
                facts = [[escaped(part) for part in fact] for fact in page.facts]
                out.put(name, {"subtitle": escaped(page.subtitle), "facts": facts, "footer": escaped(page.footer)})
            elif name not in there:
                out.section(name, make_section(source, name))
            progress.end()
        return {"sections": [name for name in names if name in out.there]}

    def _sheet(self, job: SheetJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        self._with_data(folder, job.run)
        section = make_section(self._source(job, folder, on_progress), "suspects")
        out.section("suspects", section)
        return {"sections": ["suspects"] if section is not None else []}

    def _explore(self, job: ExploreJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        for run in job.runs:
            self._with_data(folder, run)
        progress = ReportProgress(on_progress, ["explore"])
        source = self._source(job, folder, progress.inner, against=job.against)
        progress.expect(embeddings(source))
        progress.begin("explore")
        section = make_section(source, "explore")
        out.section("explore", section or Text(name="explore", title="Every sample", paragraphs=(TOO_FEW,)))
        progress.end()
        return {"sections": ["explore"]}

    def _report(self, job: ReportJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        progress = ReportProgress(on_progress, section_names())
        page = report_page(self._source(job, folder, progress.inner, against=job.against), progress)
        begun = [replace(part, begins=job.state) if isinstance(part, Explorer) else part for part in page.sections]
        html = render(replace(page, sections=tuple(begun)))
        out.put("report", {"name": f"{job.run}.html"}, [html.encode(errors="backslashreplace")])
        progress.end()
        return {}

    def _compare(self, job: CompareJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        for run in job.runs:
            self._with_data(folder, run)
        source = self._source(job, folder, on_progress, against=job.other)
        out.section("comparison", make_section(source, "comparison"))
        return {"sections": ["comparison"]}

    def _suspects(self, job: SuspectsJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        """Each fold is kept in the run, from where the sheet reads it: there is no part."""
        from cutaway.topics.labels.cross_validation import of_run
        from cutaway.topics.labels.finding import check_sizes, find_label_issues

        check_sizes(folds=job.folds, seeds=job.seeds, epochs=None)
        setup = of_run(self._context(folder, job.run), folds=job.folds, seeds=job.seeds, epochs=None)
        find_label_issues(setup, on_progress=on_progress)
        return {}

    def _doctor(self, job: DoctorJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        from cutaway.topics.doctor.diagnosing import doctor

        diagnosis = doctor(Run(self._with_data(folder, job.run)), progress=on_progress)
        findings = [_plain_finding(finding, consequences) for finding, consequences in folded(diagnosis.findings)]
        out.put("doctor", {"findings": findings, "unjudged": [escaped(words) for words in diagnosis.not_judged]})
        return {}

    def _proof(self, job: ProofJob, folder: Path, out: "_Parts", on_progress: ProgressCallback) -> Any:
        from cutaway.topics.doctor.options import DoctorOptions
        from cutaway.topics.doctor.proving import prove

        run = Run(self._context(folder, job.run))
        known = [finding for finding in run.findings(progress=on_progress) if finding.remedy is not None]
        finding = next((finding for finding in known if finding.kind == job.finding), None)
        if finding is None:
            raise UnknownNameError(
                "a remedy is that of a finding of the run",
                got=f'"{job.finding:.100}"',
                hint=f"choose one of {', '.join(one.kind for one in known) or 'none: there is no remedy to try'}",
            )
        proof = prove(run, finding, seeds=DoctorOptions().seeds, progress=on_progress)
        out.put("proof", {"words": escaped(proof.words), "helped": proof.helped, "worse": bool(proof.worse)})
        return {}


class _Parts:
    """Where the parts of one result go."""

    def __init__(self, store: PartStore, key: str, on_part: Callable[[str], None]) -> None:
        self._store, self._key, self._on_part = store, key, on_part

    @property
    def there(self) -> list[str]:
        """Parts that are there."""
        return self._store.names(self._key)

    def put(self, name: str, document: Any, arrays: list[bytes] | None = None) -> None:
        """Write a part, unless it was canceled: what could not be finished may be missing in it."""
        raise_if_canceled()
        self._store.write(self._key, name, document, arrays or [])
        if name != INDEX:
            self._on_part(name)

    def section(self, name: str, section: Section | None) -> None:
        """Write a section, if there is one."""
        if section is not None:
            part = render_section(section)
            self.put(name, part.document, part.arrays)


def _paired(source: ReportSource, other: RunContext) -> Any:
    """The samples on which two runs are compared: all, or those that both have."""
    try:
        return pair_samples(source.context, other, split=source.split, shared=False)
    except UsageError:
        return pair_samples(source.context, other, split=source.split, shared=True)


def _plain_finding(finding: Finding, consequences: Sequence[Finding]) -> dict[str, Any]:
    remedy = finding.remedy
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "title": escaped(finding.title),
        "text": escaped(finding.text),
        "remedy": None if remedy is None else escaped(remedy.words),
        "consequences": [{"title": escaped(each.title), "text": escaped(each.text)} for each in consequences],
        "untried": "" if remedy is None else escaped(remedy.untried),
    }
