"""The dataset: arrays of samples by source, their classes, and how they become inputs of a model."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_names, check_number, warn_user
from cutaway.errors import DataError, UsageError
from cutaway.image_shape import ImageShape
from cutaway.task import Task

from .arrays import as_inputs, check_aligned, check_alike, finite_range, is_pandas
from .images import Centering, as_centering
from .labels import as_labels, as_targets, encode_labels
from .mapping import is_mapped, pieces
from .preparation import Preparation
from .rows import LazyRows
from .samples import Naming, SampleIds
from .splitting import Dividing

# With larger values a first layer with usual initial weights saturates or diverges; standardized columns are far below.
WIDE = 100.0
# A scale below 1 makes inputs larger; beyond this, sums of products overflow within a few layers.
LARGEST_INPUT = 1e6

PIECE = 4096
"""Samples that are read at a time."""


@dataclass(frozen=True, eq=False)
class Source:
    """Samples of one origin, in the order of their file.

    Attributes:
        x: ``(sample, *shape)``, uint8 or float32, read-only; in memory or a memory map.
        y: int64 (sample,), class numbers from 0; of numbers float64 (sample, target). Read-only.
    """

    x: np.ndarray
    y: np.ndarray


@public
@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples to train on, made by `load_dataset` or `Dataset.from_arrays`.

    Attributes:
        name: Name for reports and run folders.
        sources: The samples by source, in order: "train", then "val" and "test" if they are there.
        class_names: Name of each class number; empty if the answers are numbers.
        scale: The inputs of the model are x / scale: 255 for uint8 images, 16 for digits, 1 for floats.
        origin: How to load it again, for JSON: ``{"kind": "named", "name": ...}``, ``{"kind": "path", "path": ...}`` or
            ``{"kind": "arrays"}``; with the options of a table.
        feature_names: Name of each value of a sample, if it came from a table; otherwise None.
        preparation: How the columns of a table became inputs, or None if they were inputs already.
        relabeled: New class names by the place of the sample, if a person decided so; `sources` already has them.
        naming: What the samples are called: by the names of the rows of a table, or by their files; None for neither.
        centering: How the images were made from ink on paper, if they show single digits or letters and this is known;
            new images and drawings are prepared in the same way. None for all other data.
        dividing: How the samples are divided into train, val and test; as its table says, if it came from one.
        extras: Digest of the groups, times and weights of a table that has such columns, hexadecimal; otherwise None.
        targets: Names of the numbers to predict; empty if the answers are classes.
        is_log: Whether the logarithm of the targets is learned.
    """

    name: str
    sources: Mapping[str, Source]
    class_names: tuple[str, ...]
    scale: float
    origin: dict[str, str]
    feature_names: tuple[str, ...] | None = None
    preparation: Preparation | None = None
    relabeled: Mapping[str, str] = field(default_factory=dict)
    naming: Naming | None = None
    centering: Centering | None = None
    dividing: Dividing = field(default=Dividing())
    extras: str | None = None
    targets: tuple[str, ...] = ()
    is_log: bool = False

    def __post_init__(self) -> None:
        check_names((self.name,), what="the name of a dataset", hint='pass for example name="customers"')
        check_names(self.class_names, what="the name of a class", hint="rename it")
        check_names(self.targets, what="the name of a target", hint="rename it")
        check_names(self.feature_names or (), what="the name of a column", hint="rename it")

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(source.y)}" for name, source in self.sources.items())
        return f"<Dataset {self.name!r}: {counts} samples of {self.shape} {self._train.x.dtype}, {self.task}>"

    @property
    def task(self) -> Task:
        """What the answers are."""
        return Task(self.class_names, self.targets, self.is_log)

    @property
    def _train(self) -> Source:
        return self.sources["train"]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self._train.x.shape[1:]

    @property
    def features(self) -> int:
        """The number of values in one sample."""
        return math.prod(self.shape)

    @property
    def labels(self) -> Mapping[str, np.ndarray]:
        """The class numbers or the targets by source."""
        return {name: source.y for name, source in self.sources.items()}

    @property
    def strata(self) -> Mapping[str, np.ndarray]:
        """Groups of samples with alike answers by source, see `Task.strata`."""
        return self._strata

    @cached_property
    def _strata(self) -> Mapping[str, np.ndarray]:
        return self.task.strata(self.labels)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def outputs(self) -> int:
        """The number of classes, or of targets."""
        return len(self.task.names)

    @property
    def image(self) -> ImageShape | None:
        """Rows, columns and channels of a sample that is an image; None if samples are not images."""
        return ImageShape.of(self.shape)

    @property
    def in_memory(self) -> bool:
        """Whether all inputs are in memory and none in a memory map."""
        return not any(is_mapped(source.x) for source in self.sources.values())

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of the content: sources (names, dtypes, shapes, bytes), class names, scale and extras."""
        arrays = [(name, array) for name, source in self.sources.items() for array in (source.x, source.y)]
        header = {
            "arrays": [[name, str(array.dtype), array.shape] for name, array in arrays],
            "class_names": self.class_names,
            "scale": self.scale,
            **self._targets_record(),
        }
        if self.extras is not None:
            header["extras"] = self.extras
        digest = hashlib.sha256(json.dumps(header).encode())
        for _, array in arrays:
            # Little-endian, so that all machines agree; on a little-endian one no copy is made.
            for piece in pieces(array):
                digest.update(piece.astype(piece.dtype.newbyteorder("<"), order="C", copy=False).data)
        return digest.hexdigest()

    def x(self, ids: SampleIds) -> np.ndarray:
        """The samples of some ids: ``(sample, *shape)``, in the dtype of the dataset and the order of `ids`.

        Raises:
            DataError: An id is not in this dataset.
        """
        return self.rows(ids)[:]

    def rows(self, ids: SampleIds) -> LazyRows:
        """A stand-in for `x` of some ids that reads samples only when it is indexed.

        Raises:
            DataError: An id is not in this dataset.
        """
        return self._rows(ids, "x", [source.x for source in self.sources.values()])

    def y(self, ids: SampleIds) -> np.ndarray:
        """The answers of some ids in their order: int64 (sample,) class numbers, or float64 (sample, target).

        Raises:
            DataError: An id is not in this dataset.
        """
        return self._rows(ids, "y", [*self.labels.values()])[:]

    def strata_of(self, ids: SampleIds) -> np.ndarray:
        """The groups of alike answers that some ids are in: int64 (sample,), see `Task.strata`.

        Raises:
            DataError: An id is not in this dataset.
        """
        return self._rows(ids, "y", [*self.strata.values()])[:]

    def digest_of(self, ids: SampleIds) -> str:
        """The fingerprint of some samples and their labels: equal for models that are judged on the same ones.

        For a table the name stands for the values: they depend on which columns are used, and on
        the samples that a preparation is fitted to.
        """
        is_table = self.preparation is not None
        counts = {name: int((ids.source_index == number).sum()) for number, name in enumerate(ids.sources)}
        content = self.name if is_table else [str(self._train.x.dtype), self.shape]
        header = [self.task.names, [each for each in counts.items() if each[1]], content]
        digest = hashlib.sha256(json.dumps(header).encode())
        rows = self.rows(ids)
        for first in range(0, len(ids), PIECE):
            piece = slice(first, first + PIECE)
            for values in (ids.index[piece], self.y(ids.take(piece)), *(() if is_table else (rows[piece],))):
                digest.update(values.astype(values.dtype.newbyteorder("<"), order="C", copy=False).data)
        return digest.hexdigest()

    def named(self, ids: SampleIds) -> SampleIds:
        """The same ids, with the names used in the data."""
        return replace(ids, naming=self.naming)

    def inputs(self, ids: SampleIds, *, flat: bool = True) -> np.ndarray:
        """Inputs of a model, x / scale: float32 ``(sample, features)``, or ``(sample, *shape)`` if `flat` is False.

        Raises:
            DataError: An id is not in this dataset.
        """
        values = np.divide(self.x(ids), np.float32(self.scale), dtype=np.float32)
        return values.reshape(len(ids), self.features) if flat else values

    def images(self, ids: SampleIds) -> np.ndarray | None:
        """Samples as images: float32 ``(sample, row, column[, 3])`` in 0..1; None if they are not images.

        Three channels are red, green and blue; any other number of channels becomes gray. Data with values outside 0..1
        are rescaled to it by their smallest and largest value.

        Raises:
            DataError: An id is not in this dataset.
        """
        return self.shown(self.x(ids)) if self.image is not None else None

    def shown(self, images: np.ndarray) -> np.ndarray:
        """Raw images ``(image, row, column, ...)``, as `images` returns them for samples."""
        images = np.divide(images, np.float32(self.scale), dtype=np.float32)
        if images.ndim == 4 and images.shape[-1] != 3:
            images = images.mean(axis=-1)
        low, high = float(images.min(initial=0.0)), float(images.max(initial=1.0))
        return (images - low) / (high - low) if low < 0 or high > 1 else images

    def to_record(self) -> dict[str, Any]:
        """The entry in run.json: name, sha256, origin, shape, scale, class_names, and the facts about a table."""
        named: dict[str, Any] = {}
        if self.feature_names is not None:
            named["feature_names"] = list(self.feature_names)
        if self.preparation is not None:
            named["preparation"] = self.preparation.to_record()
        if self.relabeled:
            named["relabeled"] = dict(self.relabeled)
        if self.centering is not None:
            named["centering"] = asdict(self.centering)
        return {
            "name": self.name,
            "sha256": self.sha256,
            "origin": self.origin,
            "shape": list(self.shape),
            "scale": self.scale,
            "class_names": list(self.class_names),
            **self._targets_record(),
            **named,
        }

    def _targets_record(self) -> dict[str, Any]:
        """The entry on targets in run.json, and what a digest is made of; nothing for classes."""
        return {"targets": list(self.targets), "is_log": self.is_log} if self.targets else {}

    def _rows(self, ids: SampleIds, column: str, arrays: Sequence[np.ndarray]) -> LazyRows:
        if not isinstance(ids, SampleIds):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"samples are selected by the ids of a split, not by a value of the type {type(ids).__name__}",
                hint=f'pass for example run.split.test, or use data.sources["train"].{column} for all rows',
            )
        known = {name: number for number, name in enumerate(self.sources)}
        places = np.array([known.get(name, len(known)) for name in ids.sources], np.uint8)
        source_index = places[ids.source_index]
        sizes = np.array([*map(len, arrays), 0])  # sources of another dataset have no samples here
        outside = (ids.index < 0) | (ids.index >= sizes[source_index])
        if outside.any():
            held = {name: len(source.y) for name, source in self.sources.items()}
            raise DataError(
                f'a sample id is not in the dataset "{self.name}" with {held} samples',
                got=ids.take([int(outside.argmax())]).places()[0],  # by its place: the data have no name for it
                hint="use the ids of a split of this dataset",
            )
        return LazyRows(tuple(arrays), source_index, ids.index)

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        x_val: Any = None,
        y_val: Any = None,
        x_test: Any = None,
        y_test: Any = None,
        name: str = "arrays",
        class_names: Sequence[str] | None = None,
        scale: float | str = "auto",
        centering: str | None = None,
        targets: Sequence[str] | None = None,
        log: bool = False,
    ) -> "Dataset":
        """Make a dataset from NumPy arrays, lists or pandas tables; values in memory are copied.

        A memory map (np.memmap, or a view of one) of uint8 or float32 stays on disk and is read as needed: do not
        change its file while the dataset is in use.

        Args:
            x: ``(sample, *shape)``, finite numbers: uint8 stays uint8, everything else becomes float32.
            y: ``(sample,)``, class labels: integers, bools or strings. Without `class_names` the classes are the sorted
                distinct labels, so integers 0..k-1 remain as they are. Or numbers to predict, ``(sample,)`` or
                ``(sample, target)``: floats that are not all whole, or any numbers if `targets` names them.
            x_val: Samples for the validation split, of the same sample shape and dtype; None for a share of `x`.
            y_val: Their labels, or None.
            x_test: Samples for the test split, of the same sample shape and dtype; None for a share of `x`.
            y_test: Their labels, or None.
            name: Name of the dataset.
            class_names: A name for each class; integer labels are indices into it, string labels entries of it.
            scale: The inputs of the model are x / scale; "auto" is 255 for uint8 and 1 for everything else.
            centering: See `load_dataset`.
            targets: The name of each number to predict; None if y holds classes, or for the names of pandas, or "y".
            log: Whether the logarithm of the targets, which are positive, is learned.

        Raises:
            DataError: Lengths, shapes, dtypes or labels do not fit together, or a value is missing or not finite.
            UsageError: `scale`, `name`, `class_names`, `centering` or the name of a column is invalid.
        """
        given = {"train": (x, y)}
        for split, part in (("val", (x_val, y_val)), ("test", (x_test, y_test))):
            missing = [value is None for value in part]
            if any(missing) and not all(missing):
                raise UsageError(
                    f"x_{split} and y_{split} must be given together",
                    got=f"only {'y' if missing[0] else 'x'}_{split}",
                    hint="pass both or neither",
                )
            if not any(missing):
                given[split] = part
        inputs = {split: as_inputs(values, split=split) for split, (values, _) in given.items()}
        numbers = as_targets({split: values for split, (_, values) in given.items()}, targets)
        if numbers is None:
            labels = {split: as_labels(values, split=split) for split, (_, values) in given.items()}
        else:
            labels, targets = numbers
        for split, (values, answers) in given.items():
            check_aligned(values, answers, split=split, lengths=(len(inputs[split]), len(labels[split])))
        for split in [split for split in given if split != "train"]:
            check_alike(inputs["train"], inputs[split], split=split, given=(x, given[split][0]))
        if targets is not None and class_names is not None:
            raise UsageError("class_names are for classes, and y holds numbers", hint="leave them out")
        if log and targets is None:
            raise UsageError("log is for numbers, and y holds classes", hint="leave it out")
        codes, names = (labels, ()) if targets is not None else encode_labels(labels, class_names)
        ranges = [finite_range(inputs[split], split=split, given=values) for split, (values, _) in given.items()]
        return cls(
            name=name,
            sources={split: Source(_frozen(inputs[split]), _frozen(codes[split])) for split in given},
            class_names=names,
            scale=_resolve_scale(scale, inputs["train"], ranges=ranges),
            origin={"kind": "arrays"},
            feature_names=tuple(map(str, x.columns)) if is_pandas(x, "DataFrame") else None,
            centering=as_centering(centering, inputs["train"]),
            targets=tuple(targets or ()),
            is_log=log,
        )


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _resolve_scale(scale: Any, train: np.ndarray, *, ranges: Sequence[tuple[float, float]]) -> float:
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    if isinstance(scale, str) and scale == "auto":
        if train.dtype == np.uint8:
            return 255.0
        if low < -WIDE or high > WIDE:
            advice = _advice(train, low, high)
            warn_user(f"inputs range from {low:g} to {high:g}, and a model learns best near -1..1: {advice}")
        return 1.0
    # the division is in float32, where a smaller number would be 0 and a larger one infinite
    bounds = np.finfo(np.float32)
    value = check_number(scale, name='scale, unless it is "auto",', least=float(bounds.tiny), most=float(bounds.max))
    largest = max(-low, high) / value if value < 1 else 0.0
    if largest > LARGEST_INPUT:
        raise UsageError(
            f"scale={value:g} turns {max(-low, high):g} into {largest:g}; inputs must stay below {LARGEST_INPUT:,.0f}",
            hint=f"pass scale={max(-low, high):g} or so, or standardize x",
        )
    return value


def _advice(train: np.ndarray, low: float, high: float) -> str:
    """What helps against inputs of a wide range: a scale for images, standardized columns for tables."""
    if train.ndim > 2:
        scale = 255 if low >= 0 and high <= 255 else max(-low, high)
        return f"pass scale={scale:g} to Dataset.from_arrays (scale=1 leaves them as they are)"
    return (
        "standardize each column, for example with scaler = sklearn.preprocessing.StandardScaler().fit(x) and then "
        "scaler.transform(x), for x_test as well (scale=1 leaves them as they are)"
    )
