"""What the process that computes does for each task: the report's own code, part by part."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutaway.api.run import Run
from cutaway.context import RunContext
from cutaway.errors import Canceled, CutawayError, UnknownNameError, UsageError, escaped
from cutaway.page import Explorer, Section, Text, render, render_section
from cutaway.progress import Progress, ProgressCallback, ignore_progress, raise_if_canceled
from cutaway.report import ReportProgress, embeddings, heading, make_section, preview, report_page, section_names
from cutaway.results.progress import show_progress
from cutaway.runs import RunFolder
from cutaway.topics.common.pairing import pair_samples
from cutaway.topics.common.source import ReportSource

from .store import INDEX, PartStore
from .tasks import (
    CompareTask,
    DoctorTask,
    ExploreTask,
    PreviewTask,
    ProofTask,
    ReportTask,
    SectionsTask,
    SheetTask,
    SuspectsTask,
    Task,
    run_signature,
)

CONTEXTS = 2
"""Runs whose data are held at a time."""

QUICK = ("learning", "settings", "heading", "findings", "confusions", "classes")
"""What is made first: these take least, or say most."""

ELSEWHERE = ("explore", "suspects", "comparison")
"""Sections that have tasks of their own."""

FEW = "There are too few samples for a map, or the run does not hold its model."

OnPart = Callable[[str], None]


class Relay:
    """Hands progress on to whoever waits now: what is held between two tasks keeps no callback of an old one."""

    def __init__(self) -> None:
        self.to: ProgressCallback = ignore_progress

    def __call__(self, now: Progress) -> None:
        """Hand a report on."""
        self.to(now)


class Maker:
    """Makes the parts of tasks; holds the data of the last runs.

    Attributes:
        store: Where parts go.
    """

    def __init__(self, store: PartStore) -> None:
        self.store = store
        self._contexts: OrderedDict[str, RunContext] = OrderedDict()
        self._sources: OrderedDict[str, tuple[ReportSource, Relay]] = OrderedDict()

    def make(self, task: Task, folder: Path, *, key: str, on_progress: ProgressCallback, on_part: OnPart) -> None:
        """Do a task: write all its parts that are not there, the index last.

        Args:
            task: What to do.
            folder: Folder of the runs.
            key: Of the result.
            on_progress: Called with the progress.
            on_part: Called with the name of each part once it is there.

        Raises:
            CutawayError: It cannot be done.
            Canceled: It was canceled.
            OSError: The disk refuses.
        """
        with show_progress(on_progress) as shown:
            out = _Out(self.store, key, on_part)
            makers: dict[type, Callable[..., Any]] = {
                PreviewTask: self._preview,
                SectionsTask: self._sections,
                SheetTask: self._sheet,
                ExploreTask: self._explore,
                ReportTask: self._report,
                CompareTask: self._compare,
                SuspectsTask: self._suspects,
                DoctorTask: self._doctor,
                ProofTask: self._proof,
            }
            try:
                index = makers[type(task)](task, folder, out, shown)
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
        self, task: Task, folder: Path, on_progress: ProgressCallback, *, against: str | None = None
    ) -> ReportSource:
        """What sections are made from; held, since sections of the next task need the same."""
        context = self._context(folder, task.run)
        chosen: dict[str, Any] = {}
        if isinstance(task, PreviewTask | ExploreTask | ReportTask):
            chosen = {"asked": task.split, "map_samples": task.samples}
            chosen |= {"map_layers": task.layers, "map_epochs": task.epochs}
        if task.kind != "sections" and chosen.get("asked") is not None:
            context.part(chosen["asked"])
        # a source remembers what was found of suspect labels, also that nobody has looked
        signature = run_signature(folder / task.run, suspects=True, labels=True)
        name = f"{id(context)} {chosen} {against} {signature}"
        if name not in self._sources or self._sources[name][0].context is not context:
            relay = Relay()
            source = ReportSource(context, relay, **chosen)
            if against is not None:
                source = replace(source, against=_paired(source, self._context(folder, against)))
            self._sources[name] = source, relay
            while len(self._sources) > CONTEXTS:
                self._sources.popitem(last=False)
        self._sources.move_to_end(name)
        source, relay = self._sources[name]
        relay.to = on_progress
        return source

    def _preview(self, task: PreviewTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        section = preview(self._source(task, folder, on_progress))
        out.section("preview", section)
        return {"sections": ["preview"] if section is not None else []}

    def _sections(self, task: SectionsTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        names = [name for name in section_names() if name not in ELSEWHERE]
        order = [*(name for name in QUICK if name == "heading" or name in names), *names]
        order = list(dict.fromkeys(order))
        progress = ReportProgress(on_progress, order)
        source = self._source(task, folder, progress.inner)
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

    def _sheet(self, task: SheetTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        self._with_data(folder, task.run)
        section = make_section(self._source(task, folder, on_progress), "suspects")
        out.section("suspects", section)
        return {"sections": ["suspects"] if section is not None else []}

    def _explore(self, task: ExploreTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        for run in task.runs:
            self._with_data(folder, run)
        progress = ReportProgress(on_progress, ["explore"])
        source = self._source(task, folder, progress.inner, against=task.against)
        progress.expect(embeddings(source))
        progress.begin("explore")
        found = make_section(source, "explore")
        out.section("explore", found or Text(name="explore", title="Every sample", paragraphs=(FEW,)))
        progress.end()
        return {"sections": ["explore"]}

    def _report(self, task: ReportTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        progress = ReportProgress(on_progress, section_names())
        page = report_page(self._source(task, folder, progress.inner, against=task.against), progress)
        begun = [replace(each, begins=task.state) if isinstance(each, Explorer) else each for each in page.sections]
        html = render(replace(page, sections=tuple(begun)))
        out.put("report", {"name": f"{task.run}.html"}, [html.encode(errors="backslashreplace")])
        progress.end()
        return {}

    def _compare(self, task: CompareTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        for run in task.runs:
            self._with_data(folder, run)
        source = self._source(task, folder, on_progress, against=task.other)
        out.section("comparison", make_section(source, "comparison"))
        return {"sections": ["comparison"]}

    def _suspects(self, task: SuspectsTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        """Each fold is kept in the run, from where the sheet reads it: there is no part."""
        from cutaway.topics.labels.cross_validation import of_run
        from cutaway.topics.labels.finding import check_sizes, find_label_issues

        check_sizes(folds=task.folds, seeds=task.seeds, epochs=None)
        setup = of_run(self._context(folder, task.run), folds=task.folds, seeds=task.seeds, epochs=None)
        find_label_issues(setup, on_progress=on_progress)
        return {}

    def _doctor(self, task: DoctorTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        from cutaway.topics.doctor.diagnosing import doctor

        found = doctor(Run(self._with_data(folder, task.run)), progress=on_progress)
        findings = [_plain_finding(each) for each in found.findings]
        out.put("doctor", {"findings": findings, "unjudged": [escaped(words) for words in found.not_judged]})
        return {}

    def _proof(self, task: ProofTask, folder: Path, out: "_Out", on_progress: ProgressCallback) -> Any:
        from cutaway.topics.doctor.proving import prove

        run = Run(self._context(folder, task.run))
        known = [each for each in run.findings(progress=on_progress) if each.remedy is not None]
        finding = next((each for each in known if each.kind == task.finding), None)
        if finding is None:
            raise UnknownNameError(
                "a remedy is that of a finding of the run",
                got=f'"{task.finding:.100}"',
                hint=f"choose one of {', '.join(each.kind for each in known) or 'none: there is no remedy to try'}",
            )
        proof = prove(run, finding, progress=on_progress)
        out.put("proof", {"words": escaped(proof.words), "helped": proof.helped})
        return {}


class _Out:
    """Where the parts of one result go."""

    def __init__(self, store: PartStore, key: str, on_part: OnPart) -> None:
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


def _plain_finding(finding: Any) -> dict[str, Any]:
    remedy = finding.remedy
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "title": escaped(finding.title),
        "text": escaped(finding.text),
        "remedy": None if remedy is None else escaped(remedy.words),
        "untried": "" if remedy is None else escaped(remedy.untried),
    }
