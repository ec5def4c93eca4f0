"""The report as a whole: its heading and its sections."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cutaway.context import RunContext
from cutaway.data import dataset_names, left_out_in_words
from cutaway.errors import Canceled, CutawayError, printable
from cutaway.log import survive
from cutaway.page import Page, Section, Text, render
from cutaway.progress import ProgressCallback
from cutaway.results.written import output_path, write_html
from cutaway.topics.common.data_words import columns_left_out, value_in_words
from cutaway.topics.common.options import MapOptions
from cutaway.topics.common.pairing import pair_samples
from cutaway.topics.common.source import ReportSource

from . import sections
from .explorer import note_left_out, shown_maps
from .progress import ReportProgress


def write_report(
    context: RunContext, path: str | Path | None, options: MapOptions, *, on_progress: ProgressCallback, **chosen: Any
) -> Path:
    """Write the report of a run into a file; see `cutaway.Run.report` and, for what may be chosen, `report_html`."""
    target = output_path(path, folder=context.path)
    html = report_html(context, options, on_progress=on_progress, **chosen)
    write_html(target, html)
    return target


def report_html(
    context: RunContext,
    options: MapOptions = MapOptions(),
    *,
    against: RunContext | None = None,
    shared: bool = False,
    on_progress: ProgressCallback,
) -> str:
    """Return the report of a run as one HTML document.

    Args:
        context: The run.
        options: What is explored, see `ReportSource`.
        against: A run to compare with, after its kept epoch; None for none.
        shared: Whether it is compared on the samples that both hold out, if they do not hold out the same ones.
        on_progress: Called with the progress of the whole report.

    Raises:
        UnknownNameError: There is no such epoch or layer.
        UsageError: The split is empty, or the runs cannot be compared.
    """
    if options.split is not None:
        context.part(options.split)
    progress = ReportProgress(on_progress, section_names())
    source = ReportSource(context, progress.inner, options)
    note_left_out(source)
    if against is not None:  # before the work of half a minute
        paired = pair_samples(context, against, split=source.split, shared=shared)
        source = replace(source, against=paired)
    page = report_page(source, progress)
    html = render(page)
    progress.end()
    return html


def section_names() -> list[str]:
    """The names of all sections, in order."""
    return [section.__name__ for section in sections.SECTIONS]


def report_page(source: ReportSource, progress: ReportProgress) -> Page:
    """The whole report as a record; `progress` still lacks its last step."""
    shown: list[Section | None] = []
    names = sections.OF_NUMBERS if source.context.task.is_numbers else section_names()
    progress.expect(embeddings(source) if "explore" in names else 0)
    for name in names:
        progress.begin(name)
        shown.append(make_section(source, name))
        if len(shown) < len(names):  # the last step is the page
            progress.end()
    return replace(heading(source), sections=tuple(section for section in shown if section is not None))


def make_section(source: ReportSource, name: str) -> Section | None:
    """A section, or the reason why it could not be made; None for a run that has nothing to show there.

    Raises:
        Canceled: It was canceled.
    """
    if source.context.task.is_numbers and name not in sections.OF_NUMBERS:
        return None
    view, make = next((v, each) for v, makers in sections.VIEWS.items() for each in makers if each.__name__ == name)
    try:
        section = make(source)
        return None if section is None else replace(section, view=view)
    except Canceled:
        raise
    except CutawayError as error:
        why = f"This section could not be made: {error.fault}."
        return Text(name=name, title=name.capitalize(), paragraphs=(printable(why),), view=view)


def heading(source: ReportSource) -> Page:
    """The page of a report without its sections."""
    context = source.context
    return Page(title=context.folder.called, subtitle=_subtitle(context), footer=_footer(context))


def embeddings(source: ReportSource) -> int:
    """How many embeddings the explorer shows, each a step of the work."""
    with survive(__name__, "counting the maps", CutawayError):  # the explorer says why there are none
        layers, epochs = shown_maps(source)
        return 1 + (len(layers) - 1) * len(epochs) if layers else 0
    return 0


def _subtitle(context: RunContext) -> str:
    manifest, config = context.manifest, context.manifest.config
    train, val, test = (f"{len(context.split.part(name)):,}" for name in ("train", "val", "test"))
    samples = f"{train} training, {val} validation and {test} test samples"
    known = [("learning rate", "learning_rate"), ("batch size", "batch_size"), ("seed", "seed")]
    settings = [f"{words} {value_in_words(config[name])}" for words, name in known if config.get(name) is not None]
    how = f"{value_in_words(config.get('optimizer'))} with {', '.join(settings)}"
    if manifest.origin == "model":
        how = "not trained here"
    left_out = left_out_in_words(columns_left_out(manifest.dataset))
    columns = f"; columns left out: {left_out}" if left_out else ""
    model = manifest.model
    words = f"{model.name} {model.sizes}" if model else "a model whose layers are not known"
    return f"{words} on {manifest.dataset.name}: {how}; {samples}{columns}"


def _footer(context: RunContext) -> str:
    """What made the page, what makes the run again, and whose samples are in it."""
    made_by, trained_by = version("cutaway"), context.manifest.versions.get("cutaway", "of an unknown version")
    of_run = "" if trained_by == made_by else f", a run of cutaway {trained_by}"
    again = context.train_like()
    how = "" if again is None else f" To train this run again: {again}"
    origin = context.manifest.dataset.origin
    named = origin.get("name") if origin.get("kind") == "named" else None
    samples = "".join(f" Samples: {each.provenance}; {each.license}." for each in dataset_names() if each.name == named)
    return f"Made by cutaway {made_by} from {context.path.name}{of_run}.{how}{samples}"
