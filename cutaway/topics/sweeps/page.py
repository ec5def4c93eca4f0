"""The page of a sweep: its verdict, its figures and its trials as one HTML file."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.page import Figure, Page, Section, Table, Text, render
from cutaway.results.units import UNDEFINED, number, percent
from cutaway.results.written import WrittenFile, output_path, write_html

from .command import train_command
from .figures import frontier_panels, trials_panel
from .outcome import SweepOutcome, in_order, trials_table, written
from .words import HOW_MEASURED, SURE, verdict

SHOWN = 200
"""Trials in the table at most: the best ones."""


def write_page(sweep: SweepOutcome, path: str | Path | None) -> Path:
    """Write the page of a sweep into a file; see `Sweep.report`."""
    target = output_path(path, folder=sweep.folder)
    write_html(target, render(sweep_page(sweep)))
    return WrittenFile(target)


def sweep_page(sweep: SweepOutcome) -> Page:
    """The page as a record."""
    manifest, best = sweep.manifest, sweep.best_trial
    facts = [("Trials", f"{sum(t.ended for t in sweep.trials)} of {sweep.total}")]
    facts += [("Stopped early", str(sweep.count("pruned")))] if sweep.count("pruned") else []
    facts += [("Failed", str(sweep.count("failed")))] if sweep.count("failed") else []
    if best is not None:
        facts += [("Best validation loss", number(best.val_loss, 4))]
        accuracy = best.result.get("val_accuracy")
        facts += [] if accuracy is None else [("Its validation accuracy", percent(accuracy))]
    again = train_command(sweep)
    return Page(
        title=f"Sweep {manifest.name}",
        subtitle=f"{', '.join(manifest.space)} on {manifest.data.get('name')}, with seed {manifest.seed}",
        facts=tuple(facts),
        sections=tuple(_made(sweep, name) for name in SECTIONS),
        footer=f"Made by cutaway {version('cutaway')}."
        + (f" To train the settings of trial {best.number} and test them once: {again}" if again and best else ""),
    )


def choice(sweep: SweepOutcome) -> Section:
    """What choosing was worth."""
    return Text(name="choice", title="What choosing was worth", paragraphs=tuple(verdict(sweep)), caption=HOW_MEASURED)


def _made(sweep: SweepOutcome, name: str) -> Section:
    """A section, or why it could not be made."""
    try:
        return SECTIONS[name](sweep)
    except UsageError as error:
        return Text(name=name, title=name.capitalize(), paragraphs=(f"{error.rule}; got {error.got}.",))


def trials(sweep: SweepOutcome) -> Section:
    """The validation loss by trial."""
    return Figure(
        name="trials",
        title="Trials",
        panels=(trials_panel(sweep),),
        caption="A trial that was stopped early has the loss of its last epoch.",
    )


def importance(sweep: SweepOutcome) -> Section:
    """Which settings mattered, and what the best trial has.

    Raises:
        UsageError: Too few trials ended.
    """
    found, chances, best = sweep.importance(), sweep.importance_p_values(), sweep.best_trial
    if not found:
        ended = sum(trial.ended for trial in sweep.trials)
        raise UsageError("importance needs 8 trials that ended", got=f"{ended}", hint="continue the sweep")
    rows = [
        {
            "Setting": name,
            "Importance": percent(share, 1),
            "p-value": number(chances[name], 2),
            "Best trial": UNDEFINED if best is None or name not in best.settings else written(best.settings[name]),
            "Default recipe": written(sweep.manifest.default.get(name)),
        }
        for name, share in found.items()
    ]
    caption = (
        "How much a setting decides whether a trial is among the best quarter (PED-ANOVA, Watanabe et al. 2023). "
        "Trials that were stopped early count with their last loss. The p-value says how often chance alone gives a "
        f"setting as much importance: above {SURE} it tells nothing."
    )
    return Table(name="importance", title="Importance of settings", rows=tuple(rows), caption=caption)


def frontier(sweep: SweepOutcome) -> Section:
    """Accuracy against cost."""
    return Figure(
        name="frontier",
        title="Accuracy against cost",
        panels=tuple(frontier_panels(sweep)),
        caption="On the frontier no other trial is more accurate and costs no more. Seconds are of the machine that "
        "trained, and of however many workers shared it.",
    )


def table(sweep: SweepOutcome) -> Section:
    """The trials, the best first."""
    order = in_order(sweep.trials)
    rows = tuple(trials_table(order[:SHOWN], sweep.space).texts())
    left = len(order) - len(rows)
    caption = "Where the page is narrow, state, epochs, seconds and parameters are left out."
    caption += f" {left:,} more trials are left out; Sweep.to_pandas() has all." if left > 0 else ""
    return Table(
        name="table",
        title="Trials, the best first",
        rows=rows,
        caption=caption,
        long="Settings",
        spare=("State", "Epochs", "Seconds", "Parameters"),
    )


SECTIONS: dict[str, Callable[[SweepOutcome], Section]] = {
    each.__name__: each for each in (choice, trials, importance, frontier, table)
}
"""The sections of the page, in order."""
