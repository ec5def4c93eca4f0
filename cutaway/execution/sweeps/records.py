"""Trials as plain records, and which of Optuna's trials count as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.errors import RunError

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


class _Result(BaseModel):
    """What a worker says of a trial."""

    model_config = ConfigDict(strict=True, extra="allow")

    val_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    epochs: Annotated[int, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    parameters: Annotated[int, Field(ge=0)] | None = None


class _Told(BaseModel):
    """What the storage holds of a trial, which may be that of a stranger."""

    model_config = ConfigDict(strict=True)

    val_loss: Annotated[float, Field(allow_inf_nan=False)] | None
    losses: dict[int, Annotated[float, Field(allow_inf_nan=False)]]
    result: _Result


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

    Raises:
        RunError: The storage holds something else than numbers.
    """
    last, failure = chain[-1], attribute(chain[-1], FAILURE)
    names = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "running", "WAITING": "waiting"}
    state = names.get(last.state.name, "waiting" if is_retried(last) else "failed")
    run = next((name for trial in reversed(chain) if (name := run_of(trial))), None)
    value = last.values[0] if last.state.name in ("COMPLETE", "PRUNED") and last.values else None
    try:
        told = _Told.model_validate(
            {"val_loss": value, "losses": last.intermediate_values, "result": attribute(last, RESULT)}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError(
            "the losses and measures of a trial are finite numbers",
            got=f'"{".".join(map(str, first["loc"])):.60}" of trial {number}: {first["msg"]}',
            hint="restore the journal from a copy, or begin another sweep with name=",
        ) from None
    return Trial(
        number=number,
        state=cast(State, state),
        settings=values,
        val_loss=told.val_loss,
        losses=told.losses,
        attempts=len(chain),
        result=told.result.model_dump(exclude_unset=True),
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
