# pyright: basic
# scikit-learn has no types
"""The training as estimators of scikit-learn: fit, predict, predict_proba, score, and the run behind them."""

import dataclasses
import shutil
import tempfile
import weakref
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data

from cutaway._lazy import public
from cutaway.data import Dataset, Split, Table, load_dataset, split_dataset, target_names
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
    from typing import Self

    from sklearn.utils import Tags

LABEL = "the class"
"""Column of the table that is made of X and y, unless X has one of this name."""

SETTINGS = (
    "validation",
    "epochs",
    "batch_size",
    "learning_rate",
    "optimizer",
    "weight_decay",
    "patience",
    "augment",
    "loss",
)
"""Parameters of the estimators that are settings of the training; those that are None are the recipe's."""


class _Network(BaseEstimator):
    """What the estimators have in common: training, predicting, the check of samples, and pickles."""

    run_: Run

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Keep the parameters as they are given, as scikit-learn asks of ``__init__``."""
        vars(self).update({name: value for name, value in given.items() if name != "self"})

    def _fit(self, loaded: Dataset | Table, **weights: Any) -> "Self":
        given = self.get_params(deep=False)
        form = {name: given[name] for name in FORM if given[name] is not None}
        if isinstance(given["hidden"], int):
            form["hidden"] = (given["hidden"],)
        state = given["random_state"]
        seed = int(state.randint(2**31)) if isinstance(state, np.random.RandomState) else state or 0
        settings = {name: given[name] for name in SETTINGS if given.get(name) is not None}
        planned = plan(
            loaded,
            recipe=given["recipe"],
            form=form,
            divide=partial(_divide, loaded),
            seed=seed,
            **weights,
            **settings,
        )
        with _folder(given["runs"]) as folder:
            self.run_ = start(planned, loaded=loaded, runs=folder, name=None, progress=False)
        if given["runs"] is None:  # a temporary folder goes with the last user of the run
            weakref.finalize(self.run_.context, shutil.rmtree, folder, ignore_errors=True)
        return self

    def _answers(self, X: Any) -> np.ndarray:
        """What the run predicts; see `cutaway.Run.predict`."""
        check_is_fitted(self, "run_")
        checked = self._checked(X, reset=False)
        frame = _frame(checked, self) if self.run_.context.preparation is not None else checked
        return predict(self.run_.context, frame, warn=False)

    def _checked(self, X: Any, *, reset: bool) -> Any:
        if hasattr(X, "iloc"):  # text, dates and missing values are left to the table
            return validate_data(self, X, reset=reset, skip_check_array=True)
        return validate_data(self, X, reset=reset, allow_nd=True, ensure_all_finite="allow-nan", dtype="numeric")

    def _pair(self, X: Any, y: Any, convert: Callable[[Any], np.ndarray]) -> tuple[Any, np.ndarray]:
        """Samples and the answer of each, checked."""
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None")
        X, y = self._checked(X, reset=True), convert(y)
        if len(y) != len(X):
            raise ValueError(f"X and y have as many rows; got {len(X)} and {len(y)}")
        return X, y

    def _table(self, X: Any, role: str, answers: Mapping[str, np.ndarray], **options: Any) -> Table:
        """A table of samples and of the columns with their answers."""
        frame = _frame(X, self)
        # every column of numbers is used; text that names the rows is not, as in a table
        numbers = tuple(frame.select_dtypes("number").columns)
        given = {_free(name, frame.columns): values for name, values in answers.items()}
        roles: dict[str, Any] = {role: tuple(given) if role == "target" else next(iter(given))}
        return load_dataset(frame.assign(**given), use=numbers, **roles, **options)

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
            self.run_ = open_run(folder, data=data)
        weakref.finalize(self.run_.context, shutil.rmtree, parent, ignore_errors=True)


@public
class Classifier(ClassifierMixin, _Network):
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
        self._keep(locals())

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
        return self._fit(loaded, sample_weight=sample_weight, class_weight=self._class_weight())

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of every class, float32 ``(sample, class)`` in the order of `classes_`."""
        return self._answers(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample, ``(sample,)``."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _class_weight(self) -> Any:
        """`class_weight` by the numbers of classes."""
        given = self.get_params(deep=False)["class_weight"]
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

        X, y = self._pair(X, y, partial(column_or_1d, warn=True))
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise UsageError("y has only 1 class", hint="add samples of another class")
        names = tuple(map(str, self.classes_.tolist()))
        if _are_images(X):
            return Dataset.from_arrays(X, codes, class_names=names)
        table = self._table(X, "label", {LABEL: codes.astype(str)})
        return dataclasses.replace(table, class_names=names)


@public
class Regressor(RegressorMixin, _Network):
    """A fully connected network as a regressor of scikit-learn, for one number or several.

    Columns are prepared as by `Classifier`. Targets are standardized for the training, and predictions are in their own
    unit. Everything about a training stays in its run. A pickle holds the whole run folder.

    Args:
        hidden: Units of each hidden layer, or of the only one; the recipe's if None.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1); the recipe's if None.
        batch_norm: Whether each hidden layer is normalized over the batch; as in the recipe if None.
        activation: Activation of the hidden layers.
        ensemble: Number of models side by side whose outputs are averaged; 1 is a plain model.
        recipe: Which recipe gives the settings that are None: "default" (that is "numbers") or another one, see
            `Classifier`.
        loss: "mean_squared_error", "mean_absolute_error" or "huber", of standardized targets.
        log: Whether the logarithm of the targets is learned; all must be above 0.
        epochs: Number of passes over the training samples.
        batch_size: Samples per training step.
        learning_rate: Learning rate.
        optimizer: "sgd", "adam" or "adamw".
        weight_decay: Weight decay (AdamW only).
        patience: Stop after this many epochs without a lower validation loss, and keep the best epoch in any case.
        validation: Share of the samples that are not trained on but measured after every epoch, in (0, 1).
        augment: How images are changed at random in training, see `cutaway.train`; None for no change.
        random_state: Random seed of first weights, split, order and dropout: a whole number, or None for 0.
        runs: Folder for the run folder; None for a temporary one that is deleted with the estimator.

    Attributes:
        run_: The `Run`.
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
        loss: str = "mean_squared_error",
        log: bool = False,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        patience: int | None = None,
        validation: float | None = None,
        augment: Any = None,
        random_state: int | None = None,
        runs: str | Path | None = None,
    ) -> None:
        self._keep(locals())

    def fit(self, X: Any, y: Any, sample_weight: np.ndarray | None = None) -> "Regressor":
        """Train on samples.

        Args:
            X: (sample, feature) numbers, a DataFrame with columns of any kind, or images (sample, row, column, ...).
            y: (sample,) or (sample, target), the numbers to predict; the run has their names if they are of pandas.
            sample_weight: (sample,), at least 0, the weight of each sample in the loss.

        Raises:
            ValueError: The shapes do not fit, X or y is infinite, a number of y is missing, or all are the same.
            DataError, UsageError, TrainingError: See `cutaway.train`.
        """
        log, given = self.get_params(deep=False)["log"], y
        X, y = self._pair(X, y, _targets)
        names = target_names(given, y.shape[1])
        if _are_images(X):
            loaded = Dataset.from_arrays(X, y, targets=names, log=log)
        else:
            loaded = self._table(X, "target", dict(zip(names, y.T, strict=True)), log=log)
        return self._fit(loaded, sample_weight=sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The predicted numbers in the unit of y, float64 ``(sample,)``, or ``(sample, target)`` of several."""
        return self._answers(X).astype(np.float64)

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


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
    folder = tempfile.mkdtemp(prefix="cutaway-estimator-")
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


def _targets(y: Any) -> np.ndarray:
    """Numbers to predict as float64 ``(sample, target)``."""
    y = check_array(y, ensure_2d=False, ensure_min_samples=2, input_name="y").astype(np.float64)
    return y if y.size > len(y) else column_or_1d(y, warn=True)[:, None]


def _are_images(X: Any) -> bool:
    return not hasattr(X, "columns") and (X.ndim > 2 or X.dtype == np.uint8)


def _free(name: str, taken: Container[str]) -> str:
    """The name of a further column."""
    while name in taken:
        name += " "
    return name


def _frame(X: Any, estimator: _Network) -> Any:
    """X as a DataFrame, with the names that it had in fit, or "column 1", "column 2", ..."""
    import pandas as pd

    if hasattr(X, "columns"):
        return X.rename(columns=str)
    names = getattr(estimator, "feature_names_in_", None)
    return pd.DataFrame(X, columns=[*(input_names(None, X.shape[1:]) if names is None else names)])
