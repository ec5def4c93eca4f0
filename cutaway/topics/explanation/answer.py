"""Everything about one prediction: what ``cutaway explain`` answers."""

from functools import partial
from typing import Any

from cutaway.checks import warn_user
from cutaway.context import RunContext
from cutaway.errors import ModelError
from cutaway.progress import ProgressCallback
from cutaway.results.result import Answer
from cutaway.results.table import Table
from cutaway.topics.influence.result import Answers, Influences, influence

from .options import ExplanationOptions
from .result import Explanation, explain


def compute(context: RunContext, options: ExplanationOptions, *, on_progress: ProgressCallback) -> Answer:
    """Answer ``cutaway explain``; with influences alone for a model without contributions, if the user wants them.

    Raises:
        CutawayError: See `explain` and `influence`.
    """
    sample, influences = options.sample, None
    if options.influence:
        answers = Answers.named(context, [sample])
        influences = influence(context, answers, epoch=options.epoch, on_progress=on_progress)[0]
    ids = context.named(context.sample(sample))
    label = context.class_names[int(context.data.y(ids)[0])]
    try:
        explanation = explain(context, sample, epoch=options.epoch)
    except ModelError as error:
        if influences is None:
            raise
        warn_user(f"there are no contributions: {error.fault}")  # influences need no linear model
        explanation = None
    about = {"sample": ids[0], "label": label}
    document = partial(_document, about, options.layer, explanation, influences)
    notes = influences.notes() if influences else ()
    return Answer(document, partial(_tables, label, options, explanation, influences), notes)


def _document(
    about: dict[str, str], layer: str | None, explanation: Explanation | None, influences: Influences | None
) -> dict[str, Any]:
    document: dict[str, Any] = dict(about)
    if explanation is not None:
        document |= explanation.to_json(layer)
    if influences is not None:
        document |= {"epoch": influences.epoch, "influences": influences.to_json()}
    return document


def _tables(
    label: str, options: ExplanationOptions, explanation: Explanation | None, influences: Influences | None
) -> tuple[Table, ...]:
    contributions = () if explanation is None else explanation.tables(options.layer, options.limit, label=label)
    influential = () if influences is None else influences.tables()
    return (*contributions, *(each.take(range(min(options.limit or len(each), len(each)))) for each in influential))
