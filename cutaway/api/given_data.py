"""What the verbs take as data: a dataset, its name or path, or arrays."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cutaway.data import Dataset, Decision, Table, check_decisions, holds_labels, load_dataset, read_decisions
from cutaway.errors import DataError, UsageError


def as_dataset(data: Any, y: Any, *, verb: str, **options: Any) -> Dataset | Table:
    """The data that a verb is given: as they are, loaded by name or path, or made from inputs and labels.

    Args:
        data: A `Dataset`, a `Table`, its name or path, a Bunch of scikit-learn, a split of a Hugging Face dataset, or
            inputs ``(sample, ...)``.
        y: Labels ``(sample,)`` of inputs; None otherwise.
        verb: Name of the function, for the message.
        options: Options for data that are loaded, as `cutaway.load_dataset` takes them.

    Raises:
        UsageError: They do not go together, or there is only one class.
        DataError: They cannot be loaded or do not fit.
    """
    refuse_model(data, y, verb=verb)
    named = _is_name(data)
    if y is not None:
        if named or isinstance(data, Dataset | Table):
            kind = f'the name or path "{data}"' if named else f"a {type(data).__name__}"
            raise UsageError(
                f"labels y were given with {kind}; they go with inputs as an array or a table",
                hint="leave y out, or pass the inputs as an array",
            )
        data = Dataset.from_arrays(data, y)
    elif not isinstance(data, Dataset | Table):
        if not named and not holds_labels(data):
            raise UsageError(
                "data must be a Dataset, the name or path of one, or inputs with their labels y, not "
                f"{_article(type(data).__name__)} without y",
                hint=f"pass the labels as well: {_call(verb)}",
            )
        load: Callable[..., Dataset | Table] = load_dataset
        data = load(data, **options)
    if not data.task.is_numbers and data.classes < 2:
        raise UsageError(f"{data.name} has fewer than 2 classes: {data.classes}", hint="add samples of another class")
    return data


def refuse_model(*given: Any, verb: str) -> None:
    """Refuse a model where data belong, as in ``train("digits", model)``.

    Raises:
        UsageError: An argument is a model of Keras. Keras is not imported for this: before, nobody can have a model.
    """
    keras: Any = sys.modules.get("keras")
    model = next((each for each in given if hasattr(keras, "Model") and isinstance(each, keras.Model)), None)
    if model is None:
        return
    first = verb in ("train", "record")
    raise UsageError(
        f"{verb} takes {'the model first, then the data' if first else 'data, and no model'}",
        got=f'the model "{model.name}" in the place of the data',
        hint=f"swap them: {verb}(model, data)" if first else f"pass the data: {_call(verb)}",
    )


def as_prepared(data: Any, y: Any, *, verb: str) -> Dataset:
    """The data for a model that exists already: as `as_dataset`, but no table, which is yet to be prepared.

    Raises:
        UsageError, DataError: See `as_dataset`; or it is a table.
    """
    found = as_dataset(data, y, verb=verb)
    if isinstance(found, Table):
        raise UsageError(
            f"the table {found.name} is not prepared yet, and the model exists already",
            hint=f"prepare it first: {verb}(model, table.prepare(table.split()))",
        )
    return found


def as_decisions(labels: str | Path | Decision | Sequence[Decision]) -> Sequence[Decision]:
    """Decisions on labels as they are given, or read from a file.

    Raises:
        UsageError, DataError: See `cutaway.data.read_decisions`; or they are something else.
    """
    if isinstance(labels, str | os.PathLike):
        found = read_decisions(labels)
        if not found:
            raise DataError(
                f"there is no decision in the column decision of {labels}",
                hint="write keep, relabel (with a label) or drop into it, or leave the file out",
            )
        return found
    return check_decisions(labels)


def _call(verb: str) -> str:
    """How a verb is called with inputs and labels."""
    return f"{verb}(model, x, y)" if verb in ("train", "record") else f"{verb}(x, y)"


def _is_name(data: object) -> bool:
    return isinstance(data, str | os.PathLike)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" or noun == "ndarray" else f"a {noun}"
