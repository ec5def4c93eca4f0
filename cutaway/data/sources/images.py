"""A folder of images: one folder for each class, perhaps inside folders train, val and test."""

from pathlib import Path
from typing import Any

import numpy as np

from cutaway.checks import warn_user
from cutaway.data.dataset import Dataset, Source
from cutaway.data.images import ENDINGS, check_size, image_files, read_images
from cutaway.data.labels import check_class_names, check_count
from cutaway.data.sample_names import FileNames
from cutaway.data.split import PARTS
from cutaway.errors import DataError
from cutaway.log import survive

from .record import DataSource, path_origin


def is_folder_of_images(folder: Path) -> bool:
    """Whether some folder in it, or in its folder "train", holds an image."""
    return any(_holds_image(child) for child in (*_folders(folder), *_folders(folder / "train")))


def load(where: str | Path, *, size: Any = None, class_names: Any = None) -> Dataset:
    """Load the dataset of a folder of images; samples are in order of class and file name.

    Args:
        where: The folder. Its folders are the classes; or it holds "train", and perhaps "val" and "test", whose folders
            are.
        size: (rows, columns) that all images are brought to, or None if they all have one size.
        class_names: Names of the classes in the order of their folders, or None for the names of these.

    Raises:
        DataError: An image cannot be read, their sizes differ, a class has no image, or "test" has another class.
        UsageError: `size` or `class_names` is wrong.
    """
    root = Path(where)
    wanted, named = check_size(size), None if class_names is None else check_class_names(class_names)
    parts = {part: root / part for part in PARTS if _folders(root / part)} if _folders(root / "train") else {}
    roots = parts or {"train": root}
    names = tuple(folder.name for folder in _folders(roots["train"]))
    if named is not None:
        check_count(named, names)
    files = {part: _files(folder, names) for part, folder in roots.items()}
    everything = [path for of_part in files.values() for paths in of_part for path in paths]
    images = read_images(everything, size=wanted)
    sources, first, held = {}, 0, {}
    for part, of_part in files.items():
        labels = np.repeat(np.arange(len(names)), [len(paths) for paths in of_part])
        x = images[first : first + len(labels)]
        first += len(labels)
        x.flags.writeable = labels.flags.writeable = False
        sources[part] = Source(x, labels)
        held[part] = [path.relative_to(root) for paths in of_part for path in paths]
    origin = path_origin(root, size=wanted, class_names=named)
    return Dataset(
        name=root.name,
        sources=sources,
        class_names=named or names,
        scale=255.0,
        origin=origin,
        naming=FileNames.of_paths(held),
    )


def _files(folder: Path, names: tuple[str, ...]) -> list[list[Path]]:
    """The images of each class in a folder."""
    held = {child.name: child for child in _folders(folder)}
    if unknown := sorted(set(held) - set(names)):
        raise DataError(
            f'{folder} has a folder "{unknown[0]}", which is not a class of train', hint="rename or move it"
        )
    files = [image_files(held[name]) if name in held else [] for name in names]
    empty = [name for name, paths in zip(names, files, strict=True) if not paths]
    if empty and folder.name not in ("val", "test"):
        raise DataError(
            f"no images ({', '.join(ENDINGS)}) in {folder / empty[0]}", hint="add images, or remove the folder"
        )
    _mention_others(folder, held, files)
    return files


def _mention_others(folder: Path, held: dict[str, Path], files: list[list[Path]]) -> None:
    known = {path for paths in files for path in paths}
    others = [
        path
        for child in held.values()
        for path in child.iterdir()
        if path not in known and not path.name.startswith(".") and path.name != "Thumbs.db"
    ]
    if others:
        warn_user(f"{len(others):,} files in {folder} are no images and left out, the first is {others[0].name}")


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name; numbers by their value."""
    found: list[Path] = []
    with survive(__name__, f"listing {folder}", OSError):
        found = [child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")]
    if all(child.name.isdecimal() for child in found):
        return sorted(found, key=lambda child: (int(child.name), child.name))
    return sorted(found)


def _holds_image(folder: Path) -> bool:
    with survive(__name__, f"listing {folder}", OSError):
        return any(path.suffix.lower() in ENDINGS for path in folder.iterdir())
    return False


def _matches(where: str | Path) -> bool:
    return isinstance(where, Path) and where.is_dir() and is_folder_of_images(where)


SOURCE = DataSource("a folder of images by class", _matches, load, options=frozenset({"size", "class_names"}))
