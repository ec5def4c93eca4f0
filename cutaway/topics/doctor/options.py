"""What the doctor can be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.errors import UsageError
from cutaway.options import Options, number_option, option
from cutaway.words import quoted


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(Options):
    """The options of ``cutaway doctor``; `cutaway.doctor` explains them."""

    try_remedies: bool = option(
        False, "Try the remedies: train again with and without them, and compare.", flag="--try"
    )
    seeds: int = option(
        5,
        "Number of seeds to train with and without the remedy.",
        least=1,
        most=100,
    )
    budget: float | None = number_option(None, "Start no new test after this many seconds. Default: no limit.", least=0)
    mute: tuple[str, ...] = option(
        (),
        "Finding that needs no attention, and why, such as class-imbalance=fraud; may be repeated.",
        metavar="KIND=WHY",
    )
    fail_on: str | None = option(
        None,
        "End with exit code 3 if a finding that is not muted is this serious.",
        choices=("warning", "note"),
    )
    rules: bool = option(False, "Show what each kind of finding means, its rule, and its source.")
    explain: str | None = option(
        None, "Explain a kind of finding, such as dead-units; no run is needed.", metavar="KIND"
    )


def parse_mutes(typed: Sequence[str]) -> dict[str, str]:
    """Kinds of findings and why each needs no attention, as they were typed.

    Raises:
        UsageError: One has no reason.
    """
    mutes: dict[str, str] = {}
    for text in typed:
        kind, _, reason = text.partition("=")
        if not kind.strip() or not reason.strip():
            raise UsageError(
                "--mute needs a kind of finding and a reason",
                got=quoted(text),
                hint='pass for example --mute "class-imbalance=fraud is rare"',
            )
        mutes[kind.strip()] = reason.strip()
    return mutes
