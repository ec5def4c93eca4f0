"""The report as a whole: its heading, its facts, its sections."""

from typing import Any

from cutaway.page import Page, render
from cutaway.progress import Progress, ProgressCallback

from . import sections
from .source import ReportSource


def report_html(run: Any, *, on_progress: ProgressCallback) -> str:
    """Return the report of a run as one HTML document.

    Args:
        run: The run.
        on_progress: Called with the progress of each section and of the computations behind it.
    """
    source, shown = ReportSource(run, on_progress), []
    for done, section in enumerate(sections.SECTIONS):
        on_progress(Progress("report", done, len(sections.SECTIONS), "sections"))
        shown.append(section(source))
    page = Page(
        title=run.path.name,
        subtitle=_subtitle(run),
        facts=_facts(source),
        sections=tuple(section for section in shown if section is not None),
        footer=f"Made by cutaway {run.folder.manifest['versions']['cutaway']} from {run.path.name}.",
    )
    html = render(page)
    on_progress(Progress("report", len(shown), len(shown), "sections"))
    return html


def _subtitle(run: Any) -> str:
    spec, config = run.folder.manifest["model"], run.config
    units = [str(layer["config"]["units"]) for layer in spec["layers"] if layer["kind"] == "Dense"]
    shape = "x".join(str(side) for side in spec["input"]["shape"])
    train, val, test = (f"{len(run.split.part(name)):,}" for name in ("train", "val", "test"))
    if config["optimizer"] == "none":  # a model that was recorded without training
        how = "not trained here"
    else:
        batch = "" if config["batch_size"] is None else f"batch size {config['batch_size']}, "
        how = f"{config['optimizer']} with learning rate {config['learning_rate']:g}, {batch}seed {config['seed']}"
    return (
        f"{spec['name']} {'-'.join([shape, *units])} on {run.folder.manifest['dataset']['name']}: {how}; "
        f"{train} training, {val} validation and {test} test samples"
    )


def _facts(source: ReportSource) -> tuple[tuple[str, str], ...]:
    rows, test, facts = source.run.history.rows, source.run.test, []
    if test:
        facts += [("Test accuracy", f"{test['accuracy']:.2%}"), ("Test loss", f"{test['loss']:.4f}")]
    if rows:
        if rows[-1].get("val_accuracy") is not None:
            facts += [("Validation accuracy", f"{rows[-1]['val_accuracy']:.2%}")]
        facts += [("Epochs", str(len(rows))), ("Training time", f"{sum(row['seconds'] for row in rows):.1f} s")]
    return (*facts, ("Parameters", f"{sum(record.parameters for record in source.layers):,}"))
