"""Names of classes, as findings write them."""

from collections.abc import Sequence

from cutaway.errors import DataError
from cutaway.metrics import PerClass, per_class

from .records import Evidence


def classes_of(evidence: Evidence) -> tuple[PerClass, list[str]] | None:
    """The measures and the names of the classes; None where the confusion matrix is not known.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    if evidence.confusion is None:
        return None
    measured = per_class(evidence.confusion)
    return measured, class_names(evidence.class_names, classes=len(measured.samples))


def class_names(names: Sequence[str] | None, *, classes: int) -> list[str]:
    """Names of the classes in order; their numbers where no names are known.

    Raises:
        DataError: There is not one name for each class.
    """
    if names is None:
        return [str(number) for number in range(classes)]
    if len(names) != classes:
        raise DataError(
            "each row of the confusion matrix has one class name",
            got=f"{len(names)} names for {classes} rows",
            hint="pass the names in the order of the class numbers",
        )
    return list(names)


def class_in_words(name: str) -> str:
    """A class in a sentence: "class 4" and "class shirt", and "class_1" as it is."""
    return name if name.lower().startswith("class") else f"class {name}"


def input_in_words(evidence: Evidence, place: int) -> str:
    """An input in a sentence: "column 6", counted from 1, and "age" in quotation marks where inputs have names."""
    return f"column {place + 1}" if evidence.input_names is None else f'"{evidence.input_names[place]}"'


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
