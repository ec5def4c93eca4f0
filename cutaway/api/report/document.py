"""The report as a whole: its heading, its facts, its sections."""

from pathlib import Path

from cutaway.api.context import RunContext
from cutaway.errors import UsageError
from cutaway.page import Page, Section, render
from cutaway.progress import Progress, ProgressCallback
from cutaway.runs import REPORT, write_atomic

from . import sections
from .source import ReportSource


def write_report(context: RunContext, path: str | Path | None, *, on_progress: ProgressCallback) -> Path:
    """Write the report of a run into a file; see `cutaway.Run.report`."""
    target = Path(path) if path is not None else context.path / REPORT
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            "a report needs the name of a file in a folder that exists",
            got=f'"{target}"',
            hint="name a file such as report.html, and make its folder first",
        )
    html = report_html(context, on_progress=on_progress)
    try:
        write_atomic(target, html.encode())
    except OSError as error:
        raise UsageError(
            "a report needs a file that can be written", got=f"{error.strerror}: {target}", hint="name another file"
        ) from error
    return target


def report_html(context: RunContext, *, on_progress: ProgressCallback) -> str:
    """Return the report of a run as one HTML document.

    Args:
        context: The run.
        on_progress: Called with the progress of each section and of the computations behind it.
    """
    source = ReportSource(context, on_progress)
    shown: list[Section | None] = []
    for done, section in enumerate(sections.SECTIONS):
        on_progress(Progress("report", done, len(sections.SECTIONS), "sections"))
        shown.append(section(source))
    page = Page(
        title=context.path.name,
        subtitle=_subtitle(context),
        facts=_facts(source),
        sections=tuple(section for section in shown if section is not None),
        footer=f"Made by cutaway {context.manifest.versions['cutaway']} from {context.path.name}.",
    )
    html = render(page)
    on_progress(Progress("report", len(shown), len(shown), "sections"))
    return html


def _subtitle(context: RunContext) -> str:
    spec, config = context.manifest.model, context.manifest.config
    units = [str(layer["config"]["units"]) for layer in spec["layers"] if layer["kind"] == "Dense"]
    shape = "x".join(str(side) for side in spec["input"]["shape"])
    train, val, test = (f"{len(context.split.part(name)):,}" for name in ("train", "val", "test"))
    if config["optimizer"] == "none":  # a model that was recorded without training
        how = "not trained here"
    else:
        batch = "" if config["batch_size"] is None else f"batch size {config['batch_size']}, "
        how = f"{config['optimizer']} with learning rate {config['learning_rate']:g}, {batch}seed {config['seed']}"
    return (
        f"{spec['name']} {'-'.join([shape, *units])} on {context.manifest.dataset.name}: {how}; "
        f"{train} training, {val} validation and {test} test samples"
    )


def _facts(source: ReportSource) -> tuple[tuple[str, str], ...]:
    rows, test = source.history.rows, source.context.manifest.test
    facts: list[tuple[str, str]] = []
    if test:
        facts += [("Test accuracy", f"{test['accuracy']:.2%}"), ("Test loss", f"{test['loss']:.4f}")]
    if rows:
        if rows[-1].get("val_accuracy") is not None:
            facts += [("Validation accuracy", f"{rows[-1]['val_accuracy']:.2%}")]
        facts += [("Epochs", str(len(rows))), ("Training time", f"{sum(row['seconds'] for row in rows):.1f} s")]
    return (*facts, ("Parameters", f"{sum(record.parameters for record in source.layers):,}"))
