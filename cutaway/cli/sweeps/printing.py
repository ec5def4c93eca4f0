"""What the command sweep prints: a line for every trial that ends, and the answer at the end."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.cli.output import print_json, print_result, say
from cutaway.cli.wrapping import wrapped
from cutaway.errors import escaped
from cutaway.results.units import percent

if TYPE_CHECKING:
    from cutaway.execution import Trial
    from cutaway.topics.sweeps.result import Sweep


class TrialPrinter:
    """Prints a line on stderr for every trial that ends, and counts them."""

    def __init__(self) -> None:
        self.count, self._lowest, self._from_start = 0, float("inf"), False

    def __call__(self, trial: "Trial") -> None:
        """Print one trial."""
        self.count += 1
        self._from_start = self._from_start or trial.number == 0  # otherwise better ones may have ended before
        is_best = trial.state == "complete" and trial.val_loss is not None and trial.val_loss < self._lowest
        if is_best and trial.val_loss is not None:
            self._lowest = trial.val_loss
        print(
            wrapped(escaped(_trial_in_words(trial, is_best=is_best and self._from_start)), sys.stderr),
            file=sys.stderr,
            flush=True,
        )


def _trial_in_words(trial: "Trial", *, is_best: bool) -> str:
    from cutaway.topics.sweeps.result import written

    result, states = trial.result, {"complete": "completed", "pruned": "stopped early", "failed": "failed"}
    words = [f"trial {trial.number:>3}  {states.get(trial.state, trial.state):<13}"]
    if trial.val_loss is not None:
        words.append(f"val_loss {trial.val_loss:.4f}")
    if result.get("val_accuracy") is not None:
        words.append(percent(result["val_accuracy"], 2))
    if result.get("seconds") is not None:
        words.append(
            f"{result['epochs']:>2} {'epoch ' if result['epochs'] == 1 else 'epochs'} {result['seconds']:5.1f} s"
        )
    words += ["best so far"] if is_best else []
    drawn = ", ".join(f"{name} {written(value)}" for name, value in trial.settings.items())
    words.append(drawn if trial.number or not drawn else f"default recipe: {drawn}")
    words += [trial.why] if trial.state == "failed" and trial.why else []
    return "  ".join(words)


def print_sweep(
    found: "Sweep", *, report: Path | None, storage: str | None, as_json: bool, had_ended: bool = False
) -> None:
    """Print what came of a sweep; `had_ended` says that no trial was left to do."""
    if as_json:
        print_json(found.to_json(report=None if report is None else str(report)))
        return
    print_result(found)
    counts = [(f"{found.count(state)} {words}", found.count(state)) for state, words in _STATES]
    ended = sum(trial.ended for trial in found.trials)
    say(f"{ended} of {found.total} trials ended: {', '.join(words for words, count in counts if count)}.")
    if had_ended:
        say(f"They had ended before. More of them: the same command with --trials {2 * found.total}.")
    say(f"\n  sweep  {found.folder}")
    if report is not None:
        say(f"  page   {report.resolve().as_uri()}")
    elif found.best_trial is not None:
        see = shlex.join(
            ["cutaway", "report", str(_relative(found.folder)), *(["--storage", "URL"] if storage else [])]
        )
        say(f"\nNext: see all trials:  {see}")
    if found.command is not None and found.best_trial is not None:
        then = "Then train" if report is None else "\nNext: train"
        say(f"{then} the settings of trial {found.best_trial.number} and test them once:  {found.command}")


_STATES = (("complete", "completed"), ("pruned", "stopped early"), ("failed", "failed"))


def _relative(folder: Path) -> Path:
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder
