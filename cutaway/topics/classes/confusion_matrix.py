"""The confusion matrix as the user holds it: an array that knows its classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway import metrics
from cutaway.context import RunContext
from cutaway.errors import UsageError
from cutaway.results.notebook import NotebookDisplay, figure_html, joined_html, line_html
from cutaway.results.units import percent
from cutaway.topics.common.predictions import labels, predict_classes

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

DENSE_CLASSES = 10_000
"""Classes of a confusion matrix as an array at most: it takes 800 MB."""

DRAWN = 200
"""Classes that are drawn at most."""


class Confusion(np.ndarray[Any, np.dtype[np.int64]], NotebookDisplay):
    """Counts, int64 ``(true class, predicted class)``: a NumPy array, and what is computed from it is a plain one.

    Attributes:
        class_names: Names of the classes; none of a view of it, such as its transpose.
    """

    class_names: tuple[str, ...]

    def __new__(cls, counts: np.ndarray, class_names: Sequence[str]) -> "Confusion":
        """Take the counts, ``(class, class)``, without a copy, and a name for each class."""
        made = np.asarray(counts).view(cls)
        made.class_names = tuple(class_names)
        return made

    def __array_finalize__(self, obj: Any) -> None:
        self.class_names = ()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def __getitem__(self, key: Any) -> Any:
        return np.asarray(self)[key]

    def __reduce__(self) -> Any:
        return (Confusion, (np.asarray(self), self.class_names)) if self.class_names else np.asarray(self).__reduce__()

    def __repr__(self) -> str:
        if not self.class_names:
            return repr(np.asarray(self))
        counts = np.asarray(self)
        total, right = int(counts.sum()), int(np.trace(counts))
        share = f" ({percent(right / total)})" if total else ""
        return f"<Confusion of {len(counts)} classes: {total:,} samples, {right:,} correct{share}>"

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame (true class, predicted class) with the names of the classes."""
        import pandas

        self._check()
        names = list(self.class_names)
        index, columns = pandas.Index(names, name="true"), pandas.Index(names, name="predicted")
        return pandas.DataFrame(np.asarray(self), index=index, columns=columns)

    def plot(self) -> "Figure":
        """Draw it as a matplotlib Figure: the diagonal gray, mistakes orange.

        Raises:
            UsageError: It is a part of the matrix, or there are more than 200 classes.
        """
        from cutaway.plots import confusion_matrix

        self._check(DRAWN)
        return confusion_matrix(np.asarray(self), self.class_names)

    def _repr_html_(self) -> str:
        return joined_html(line_html(self), figure_html(self._shown_figure(), alt=repr(self)))

    def _check(self, most: int | None = None) -> None:
        if not self.class_names:
            raise UsageError(
                "a confusion matrix has the names of its classes",
                got=f"a part or a view of one, of the shape {self.shape}",
                hint="use what run.confusion() returned",
            )
        if most is not None and len(self) > most:
            raise UsageError(
                f"confusion matrices of at most {most} classes are drawn",
                got=f"{len(self):,}",
                hint="use run.per_class()",
            )


def confusion_counts(context: RunContext, *, split: str = "test", epoch: int | None = None) -> metrics.SparseCounts:
    """Counts, sparse int64 ``(true class, predicted class)``."""
    predicted = predict_classes(context, context.part(split), epoch=epoch).predicted
    return metrics.confusion_counts(labels(context, split), predicted, classes=context.data.classes)


def confusion(context: RunContext, *, split: str = "test", epoch: int | None = None) -> Confusion:
    """Counts, int64 ``(true class, predicted class)``, an array that draws itself.

    Raises:
        UsageError: There are more than `DENSE_CLASSES` classes.
    """
    if len(context.class_names) > DENSE_CLASSES:
        raise UsageError(
            f"a confusion matrix is an array of at most {DENSE_CLASSES:,} classes",
            got=f"{len(context.class_names):,}",
            hint="use run.per_class() and run.mistakes()",
        )
    return Confusion(confusion_counts(context, split=split, epoch=epoch).toarray(), context.class_names)
