# pyright: basic
# scikit-learn has no types
"""The training as an estimator of scikit-learn: fit, predict, predict_proba, score, and the run behind them."""

import dataclasses
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from cutaway._lazy import public
from cutaway.data import Dataset, Split, Table, load_dataset, split_dataset
from cutaway.errors import Canceled, Hint, RunError, TrainingError, UsageError, WorkInterrupted
from cutaway.image_shape import input_names
from cutaway.models import FORM
from cutaway.topics.prediction.prediction import predict
from cutaway.training import plan
from cutaway.words import shown

from .opening import open_run
from .run import Run
from .train import start

if TYPE_CHECKING:
    from sklearn.utils import Tags

LABEL = "the class"
"""Column of the table that is made of X and y, unless X has one of this name."""


@public
class Classifier(ClassifierMixin, BaseEstimator):
    """A fully connected network as a classifier of scikit-learn.

    Rows of numbers are standardized by column, missing numbers are filled in, and text and dates in a DataFrame become
    inputs, all fitted on the training samples; uint8 arrays are scaled to 0..1 as images are. Columns of an array are
    called "column 1", "column 2" and so on. Everything about a training stays in its run. A pickle holds the whole run
    folder.

    Args:
        hidden: Units of each hidden layer, or of the only one; the recipe's if None.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1); the recipe's if None.
        batch_norm: Whether each hidden layer is normalized over the batch; as in the recipe if None.
        activation: Activation of the hidden layers.
        ensemble: Number of models side by side whose logits are averaged; 1 is a plain model.
        recipe: Which recipe gives the settings that are None: "default" (for a table "table", for bright images, such
            as most photos, "photos"), "table", "photos", "minute", "best", "best-images", "lesson" or "lesson-dropout".
        epochs: Number of passes over the training samples.
        batch_size: Samples per training step.
        learning_rate: Learning rate.
        optimizer: "sgd", "adam" or "adamw".
        weight_decay: Weight decay (AdamW only).
        patience: Stop after this many epochs without a lower validation loss, and keep the best epoch in any case.
        validation: Share of the samples that are not trained on but measured after every epoch, in (0, 1).
        class_weight: "balanced", or class -> weight in the loss.
        augment: How images are changed at random in training, see `cutaway.train`; None for no change.
        random_state: Random seed of first weights, split, order and dropout: a whole number, or None for 0.
        runs: Folder for the run folder; None for a temporary one that is deleted with the estimator.

    Attributes:
        run_: The `Run`.
        classes_: (class,), the labels.
        n_features_in_: Number of columns of X.
        feature_names_in_: Their names, if X was a DataFrame.
    """

    def __init__(
        self,
        hidden: Sequence[int] | int | None = None,
        *,
        dropout: float | None = None,
        batch_norm: bool | None = None,
        activation: str = "relu",
        ensemble: int = 1,
        recipe: str = "default",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        patience: int | None = None,
        validation: float | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        augment: Any = None,
        random_state: int | None = None,
        runs: str | Path | None = None,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.activation = activation
        self.ensemble = ensemble
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation = validation
        self.class_weight = class_weight
        self.augment = augment
        self.random_state = random_state
        self.runs = runs

    def fit(self, X: Any, y: Any, sample_weight: np.ndarray | None = None) -> "Classifier":
        """Train on samples.

        Args:
            X: (sample, feature) numbers, a DataFrame with columns of any kind, or images (sample, row, column, ...).
            y: (sample,), the classes.
            sample_weight: (sample,), at least 0, the weight of each sample in the loss.

        Raises:
            ValueError: The shapes do not fit, or X is infinite, or there is a single class.
            DataError, UsageError, TrainingError: See `cutaway.train`.
        """
        loaded = self._loaded(X, y)
        form = {name: given for name in FORM if (given := getattr(self, name)) is not None}
        if isinstance(self.hidden, int):
            form["hidden"] = (self.hidden,)
        planned = plan(
            loaded,
            recipe=self.recipe,
            form=form,
            divide=partial(_divide, loaded),
            sample_weight=sample_weight,
            class_weight=self._class_weight(),
            **self._settings(),
        )
        with _folder(self.runs) as folder:
            self.run_ = start(planned, loaded=loaded, runs=folder, name=None, progress=False)
        if self.runs is None:  # a temporary folder goes with the last user of the run
            weakref.finalize(self.run_.context, shutil.rmtree, folder, ignore_errors=True)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of every class, float32 ``(sample, class)`` in the order of `classes_`."""
        check_is_fitted(self, "run_")
        checked = self._checked(X, reset=False)
        frame = _frame(checked, self) if self.run_.context.preparation is not None else checked
        return predict(self.run_.context, frame, warn=False)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample, ``(sample,)``."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _settings(self) -> dict[str, Any]:
        names = (
            "validation",
            "epochs",
            "batch_size",
            "learning_rate",
            "optimizer",
            "weight_decay",
            "patience",
            "augment",
        )
        given = {name: getattr(self, name) for name in names}
        state = self.random_state
        seed = int(state.randint(2**31)) if isinstance(state, np.random.RandomState) else state or 0
        return {"seed": seed} | {name: value for name, value in given.items() if value is not None}

    def _class_weight(self) -> Any:
        """`class_weight` by the numbers of classes."""
        given = self.class_weight
        if not isinstance(given, Mapping):
            return given
        numbers = {label: number for number, label in enumerate(self.classes_.tolist())}
        if unknown := [label for label in given if label not in numbers]:
            raise UsageError(
                f"class_weight has the label {shown(unknown[0])}, which is not in y", hint="use the labels in y"
            )
        return {numbers[label]: weight for label, weight in given.items()}

    def _loaded(self, X: Any, y: Any) -> Dataset | Table:
        """The samples: images and uint8 as they are, everything else as a table whose last column is the class."""
        from sklearn.utils.multiclass import check_classification_targets
        from sklearn.utils.validation import column_or_1d

        if y is None:
            raise ValueError("This Classifier estimator requires y to be passed, but the target y is None")
        X = self._checked(X, reset=True)
        y = column_or_1d(y, warn=True)
        if len(y) != len(X):
            raise ValueError(f"X and y have as many rows; got {len(X)} and {len(y)}")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise UsageError("y has only 1 class", hint="add samples of another class")
        names = tuple(map(str, self.classes_.tolist()))
        if not hasattr(X, "columns") and (X.ndim > 2 or X.dtype == np.uint8):
            return Dataset.from_arrays(X, codes, class_names=names)
        frame = _frame(X, self)
        label = LABEL
        while label in frame.columns:
            label += " "
        # every column of numbers is used; text that names the rows is not, as in a table
        numbers = tuple(frame.select_dtypes("number").columns)
        table = load_dataset(frame.assign(**{label: codes.astype(str)}), label=label, use=numbers)
        return dataclasses.replace(table, class_names=names)

    def _checked(self, X: Any, *, reset: bool) -> Any:
        if hasattr(X, "iloc"):  # text, dates and missing values are left to the table
            return validate_data(self, X, reset=reset, skip_check_array=True)
        return validate_data(self, X, reset=reset, allow_nd=True, ensure_all_finite="allow-nan", dtype="numeric")

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(cast("dict[str, Any]", super().__getstate__()))
        run = state.pop("run_", None)
        if run is not None:
            files = [path for path in run.path.rglob("*") if path.is_file()]
            state["_files"] = (run.path.name, {str(p.relative_to(run.path)): p.read_bytes() for p in files})
            data = run.context.loaded if run.context.manifest.dataset.origin["kind"] == "arrays" else None
            state["_data"] = data
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        files, data = state.pop("_files", None), state.pop("_data", None)
        super().__setstate__(state)
        if files is None:
            return
        name, held = files
        with _folder(None) as parent:
            folder = Path(parent) / name
            for relative, content in held.items():
                path = folder / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            self.run_: Run = open_run(folder, data=data)
        weakref.finalize(self.run_.context, shutil.rmtree, parent, ignore_errors=True)


def _divide(loaded: Dataset | Table, *, validation: float, seed: int) -> tuple[Split, Dataset]:
    """All samples are for training and validation."""
    split = split_dataset(loaded, validation=validation, test=0.0, seed=seed)
    return split, loaded.prepare(split, warn=False) if isinstance(loaded, Table) else loaded


@contextmanager
def _folder(runs: str | Path | None) -> Iterator[str | Path]:
    """The folder that the user named, or a temporary one, which is removed if the work fails.

    A training that was canceled leaves it: its message says how to go on.
    """
    if runs is not None:
        yield runs
        return
    folder = tempfile.mkdtemp(prefix="cutaway-classifier-")
    try:
        yield folder
    except Canceled:
        raise
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, TrainingError):  # its hint ends with what is kept
            hint = error.hint.partition(";")[0] + Hint(", or pass {} to keep the epochs before", runs=None)
            raise TrainingError(error.rule, got=error.got, hint=hint) from None
        if isinstance(error, RunError):
            hint = Hint("free some space, or pass {} with a folder on another disk", runs=None)
            raise RunError(error.rule, got=error.got, hint=hint) from None
        if isinstance(error, WorkInterrupted):
            hint = Hint("fit again, or pass {} to keep the finished epochs", runs=None)
            raise WorkInterrupted("nothing is kept", hint) from None
        raise


def _frame(X: Any, estimator: Classifier) -> Any:
    """X as a DataFrame, with the names that it had in fit, or "column 1", "column 2", ..."""
    import pandas as pd

    if hasattr(X, "columns"):
        return X.rename(columns=str)
    names = getattr(estimator, "feature_names_in_", None)
    return pd.DataFrame(X, columns=[*(input_names(None, X.shape[1:]) if names is None else names)])
