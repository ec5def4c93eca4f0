# pyright: basic
# pyarrow has no types
"""Images of a Hugging Face dataset on disk: the content of image files in a column of Arrow or Parquet files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.checks import meant
from cutaway.data.dataset import Dataset, Source
from cutaway.data.labels import as_labels, encode_labels
from cutaway.data.pictures import PackedPicture, check_size, read_pictures
from cutaway.data.tables import open_columnar
from cutaway.errors import CutawayError, DataError, UnknownNameError, UsageError

from .class_names import check_count, check_names
from .features import Features, read_features
from .parts import columnar_parts
from .record import DataSource, path_origin


def load(where: str | Path, *, label: str | None = None, size: Any = None, class_names: Any = None) -> Dataset:
    """Load the images of a dataset.

    Args:
        where: A file, or a folder as `columnar_parts` takes it.
        label: Column of the classes; the only one that holds classes, or "label", if None.
        size: (rows, columns) that all images are brought to, or None if they all have one size.
        class_names: Names of the classes in their order, or None for those in the dataset.

    Raises:
        DataError: An image or a label is missing or cannot be read, or sizes differ.
        UnknownNameError: There is no column of that name.
        UsageError: `size` or `class_names` is wrong, or it is not known which column holds the classes.
    """
    root, wanted = Path(where), check_size(size)
    named = None if class_names is None else check_names(class_names)
    parts = columnar_parts(root)
    features = read_features(parts["train"][0])
    assert features.picture is not None  # it is what the source matches by
    column = _label(features, label, root)
    columns = (features.picture, column)
    held = {source: _read_part(root, files, columns) for source, files in parts.items()}
    pictures = read_pictures([picture for packed, _ in held.values() for picture in packed], size=wanted)
    try:
        given = {source: as_labels(labels, split=source) for source, (_, labels) in held.items()}
        codes, names = encode_labels(given, features.class_names.get(column) if _numbers(given) else None)
    except CutawayError as error:
        raise DataError(error.rule, got=f'{error.got} in "{column}" of {root}', hint=error.hint) from None
    if named is not None:
        check_count(named, names)
    sources, first = {}, 0
    for source, labels in codes.items():
        x = pictures[first : first + len(labels)]
        first += len(labels)
        x.flags.writeable = labels.flags.writeable = False
        sources[source] = Source(x, labels)
    origin = path_origin(root, label=label, size=wanted, class_names=named)
    return Dataset(
        name=root.name if root.is_dir() else root.stem,
        sources=sources,
        class_names=named or names,
        scale=255.0,
        origin=origin,
    )


def _numbers(labels: dict[str, np.ndarray]) -> bool:
    return all(values.dtype.kind in "iu" for values in labels.values())


def _label(features: Features, label: str | None, root: Path) -> str:
    """The column of the classes.

    Raises:
        UnknownNameError: There is no such column.
        UsageError: None is given, and there is not just one that it could be.
    """
    others = [column for column in features.columns if column != features.picture]
    if label is not None:
        if label not in others:
            raise UnknownNameError(
                f"label is a column of the dataset: {', '.join(others[:12])}",
                got=f'"{label}" for {root}',
                hint=meant(label, others, "check the spelling"),
            )
        return label
    if features.only_classes is not None:
        return features.only_classes
    usual = [column for column in others if column.lower() in ("label", "labels")]
    for candidates in (usual, others):
        if len(candidates) == 1:
            return candidates[0]
    raise UsageError(
        "images need their label, the column with the classes",
        got=f"{root} with the columns {', '.join(others[:12])}",
        hint=f'pass for example label="{(others or ["label"])[-1]}"',
    )


def _read_part(root: Path, files: Sequence[Path], columns: tuple[str, str]) -> tuple[list[PackedPicture], np.ndarray]:
    """The images of one source and their labels, in order; these are the two columns."""
    picture, label = columns
    pictures: list[PackedPicture] = []
    labels: list[Any] = []
    for file in files:
        first = 0
        for chunk in open_columnar(root, files=[file]).chunks(columns):
            column = chunk[label]
            if column.null_count:
                row = first + column.is_null().index(True).as_py()
                raise _lacking(f'no "{label}"', file, row, "drop the rows without one")
            for row, content in enumerate(_contents(chunk[picture]), start=first):
                if content is None:
                    hint = "save the dataset with save_to_disk, which puts the images into its files"
                    raise _lacking("no image, but at most the path of one", file, row, hint)
                pictures.append(PackedPicture(f"row {row + 1:,} of {file}", content))
            labels.extend(column.to_pylist())
            first += len(chunk)
    return pictures, np.asarray(labels)


def _contents(column: Any) -> list[bytes | None]:
    """The bytes of the images in a column; None where there are none."""
    import pyarrow.compute

    compute: Any = pyarrow.compute
    return compute.struct_field(column, "bytes").to_pylist()


def _lacking(what: str, file: Path, row: int, hint: str) -> DataError:
    return DataError(
        "every row of a dataset of images holds an image and its label",
        got=f"{what} in row {row + 1:,} of {file}",
        hint=hint,
    )


def _matches(where: str | Path) -> bool:
    if not isinstance(where, Path):
        return False
    parts = columnar_parts(where)
    try:
        return bool(parts) and read_features(parts["train"][0]).picture is not None
    except DataError:  # the source of tables says what is wrong
        return False


SOURCE = DataSource(
    "a Hugging Face dataset of images", _matches, load, options=frozenset({"label", "size", "class_names"})
)
