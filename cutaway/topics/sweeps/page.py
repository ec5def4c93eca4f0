"""The page of a sweep: its answer, the importance of settings, and its trials as one HTML file."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from cutaway.page import Page, Section, Table, Text, render
from cutaway.results.table import Table as ShownTable
from cutaway.results.written import WrittenFile, output_path, write_html
from cutaway.words import percent

from .manifest import SweepManifest

SHOWN = 200
"""Trials in the table at most: the best ones."""


def write_page(
    manifest: SweepManifest,
    notes: Sequence[str],
    trials: ShownTable,
    importance: Mapping[str, float],
    command: str | None,
    folder: Path,
    path: str | Path | None,
) -> Path:
    """Write the page of a sweep into a file; see `Sweep.report`.

    Args:
        manifest: The sweep.
        notes: What is said of it.
        trials: The trials, the best first.
        importance: Setting -> its share.
        command: What trains the chosen settings.
        folder: The sweep's folder.
        path: The file; report.html in the folder if None.
    """
    rows = tuple(trials.texts())
    caption = f"{len(rows) - SHOWN:,} more trials are left out; Sweep.to_pandas() has all." if len(rows) > SHOWN else ""
    again = () if command is None else (f"To train the chosen settings and test them once: {command}",)
    sections: list[Section] = [Text(name="answer", title="The best settings", paragraphs=(*notes, *again))]
    if importance:
        shares = tuple({"Setting": name, "Importance": percent(share, 1)} for name, share in importance.items())
        what = "Share of the differences in validation loss that a setting explains; of few trials, much is chance."
        sections.append(Table(name="importance", title="Importance of settings", rows=shares, caption=what))
    sections.append(
        Table(
            name="table",
            title="Trials, the best first",
            rows=rows[:SHOWN],
            caption=caption,
            long="Settings",
            spare=("State", "Epochs", "Seconds", "Parameters"),
        )
    )
    page = Page(
        title=f"Sweep {manifest.name}",
        subtitle=f"{', '.join(manifest.space)} on {manifest.data.get('name')}, with seed {manifest.seed}",
        facts=(("Trials", f"{len(rows)} of {manifest.trials}"),),
        sections=tuple(sections),
        footer=f"Made by cutaway {version('cutaway')}.",
    )
    target = output_path(path, folder=folder)
    write_html(target, render(page))
    return WrittenFile(target)
