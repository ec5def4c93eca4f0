"""Decisions on labels as they are typed."""

from typing import Any

from cutaway.errors import UnknownNameError, UsageError


def typed_decisions(
    run: Any, *, keep: list[str] | None, relabel: list[str] | None, drop: list[str] | None, by: str
) -> list[Any]:
    """The decisions that options name.

    Args:
        run: The run whose samples and classes they name; None where there is none.
        keep: Samples to keep.
        relabel: Samples and their classes, as SAMPLE=CLASS.
        drop: Samples to drop.
        by: Who decides.

    Raises:
        UsageError: A new label is not given as SAMPLE=CLASS, or it can be read in two ways.
    """
    from cutaway.data import Decision

    decisions = [Decision(sample, "keep", by=by) for sample in keep or ()]
    for each in relabel or ():
        sample, name = _divide(each, run)
        decisions.append(Decision(sample, "relabel", name, by=by))
    return [*decisions, *(Decision(sample, "drop", by=by) for sample in drop or ())]


def _divide(text: str, run: Any) -> tuple[str, str]:
    """A sample and a class; both may hold "=", so that each place of one is tried."""
    places = [place for place, c in enumerate(text) if c == "=" and 0 < place < len(text) - 1]
    pairs = [(text[:place], text[place + 1 :]) for place in places]
    if not pairs:
        raise UsageError("a new label is given as SAMPLE=CLASS", got=f'"{text}"', hint="for example test[947]=4")
    if len(pairs) == 1 or run is None:
        return pairs[-1]
    known = [pair for pair in pairs if pair[1] in run.class_names]
    found = [pair for pair in known if _is_sample(pair[0], run)]
    if len(found) > 1:
        ways = " or ".join(f'"{sample}" and the class "{name}"' for sample, name in found)
        raise UsageError(
            "a new label can be read in one way only",
            got=f'"{text}", the sample {ways}',
            hint="decide in a file with the columns sample, decision and label",
        )
    return (found or known[:1] or pairs)[-1]


def _is_sample(name: str, run: Any) -> bool:
    try:
        run.context.sample(name)
    except UnknownNameError:
        return False
    return True
