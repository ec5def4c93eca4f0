"""Trials as plain records, and which of Optuna's trials count as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as AskedTrial

State = Literal["complete", "pruned", "failed", "running", "waiting"]

AGAIN = "again"
"""Attribute of a trial that does an earlier one again: ``of``, its number, and how many ``attempts`` were counted."""

SURPLUS = "surplus"
"""Attribute of a trial that two workers began where one was left to do."""

FAILURE = "failure"
"""Attribute of a trial that failed: its ``kind``, and ``why``."""

RESULT = "result"
PROCESS = "process"
BEAT = "beat"

RETRIES = 1
"""How often a trial that failed, or whose process died, is done again."""


@dataclass(frozen=True)
class Trial:
    """One trial of a sweep.

    Attributes:
        number: From 0, which is the default recipe.
        state: "complete"; "pruned", stopped early since others were better after the same epoch; "failed"; "running";
            or "waiting" to be done again.
        settings: The settings of the space that were drawn for it.
        val_loss: Validation loss of the kept epoch; of a pruned trial that of its last epoch; None where there is none.
        losses: Epoch -> validation loss.
        attempts: How often it was begun.
        result: What the worker says of it: ``val_accuracy``, ``epochs``, ``seconds``, ``parameters``, ``settings``.
        run: Name of its run folder; None where none was made.
        why: Why it failed or was stopped; None otherwise.
    """

    number: int
    state: State
    settings: Mapping[str, Any]
    val_loss: float | None
    losses: Mapping[int, float] = field(repr=False)
    attempts: int = 1
    result: Mapping[str, Any] = field(default_factory=dict, repr=False)
    run: str | None = None
    why: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it will not be done again."""
        return self.state in ("complete", "pruned", "failed")


Chain = list["FrozenTrial"]
"""A trial, and those that do it again, in order."""


def chains(trials: Sequence["FrozenTrial"]) -> list[Chain]:
    """The trials that count, each with those that do it again.

    Of two that do the same one again the first counts, and surplus trials do not; everybody who reads the storage comes
    to the same result, so that workers need no lock between them.
    """
    by_number = {trial.number: trial for trial in trials}
    again: dict[int, FrozenTrial] = {}
    for trial in sorted(trials, key=lambda each: each.number):
        of = attribute(trial, AGAIN).get("of")
        if isinstance(of, int) and of in by_number:
            again.setdefault(of, trial)
    found: list[Chain] = []
    for trial in sorted(trials, key=lambda each: each.number):
        if attribute(trial, AGAIN) or trial.user_attrs.get(SURPLUS):
            continue
        chain = [trial]
        while chain[-1].number in again:
            chain.append(again[chain[-1].number])
        found.append(chain)
    return found


def attempts(trial: "FrozenTrial") -> int:
    """How many failures were counted before this trial."""
    counted = attribute(trial, AGAIN).get("attempts", 0)
    return counted if isinstance(counted, int) else 0


def is_retried(trial: "FrozenTrial") -> bool:
    """Whether a trial that failed is to be done again: one that was stopped always, others once."""
    kind = attribute(trial, FAILURE).get("kind", "died")
    return kind == "stopped" or attempts(trial) < RETRIES


def as_record(number: int, chain: Chain, values: Mapping[str, Any]) -> Trial:
    """A chain as a record.

    Args:
        number: Its place among the trials that count.
        chain: The trial, and those that do it again.
        values: The settings that were drawn, as users write them.
    """
    last, failure = chain[-1], attribute(chain[-1], FAILURE)
    names = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "running", "WAITING": "waiting"}
    state = names.get(last.state.name, "waiting" if is_retried(last) else "failed")
    run = next((name for trial in reversed(chain) if (name := run_of(trial))), None)
    value = last.values[0] if last.state.name in ("COMPLETE", "PRUNED") and last.values else None
    return Trial(
        number=number,
        state=cast(State, state),
        settings=values,
        val_loss=value,
        losses=dict(last.intermediate_values),
        attempts=len(chain),
        result=attribute(last, RESULT),
        run=run,
        why=str(failure["why"]) if failure.get("why") else None,
    )


def run_of(trial: "FrozenTrial") -> str | None:
    """The name of a trial's run folder; a storage from a stranger can name no other place."""
    return plain_name(trial.user_attrs.get("run"))


def plain_name(name: Any) -> str | None:
    """The name of a folder, if it is one and leads nowhere else; otherwise None."""
    return name if isinstance(name, str) and name not in ("", "..") and PurePath(name).name == name else None


def attribute(trial: "FrozenTrial | AskedTrial", name: str) -> dict[str, Any]:
    """An attribute that is a mapping; an empty one where it is not."""
    value: Any = trial.user_attrs.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
