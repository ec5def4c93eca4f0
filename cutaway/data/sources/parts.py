"""Which files of a folder hold which part of a dataset that is split already, as Hugging Face lays them out."""

import re
from pathlib import Path
from typing import Any

from cutaway.checks import file_state
from cutaway.data.tables import FORMATS, columnar_files
from cutaway.log import survive

SOURCES = {"train": "train", "validation": "val", "valid": "val", "val": "val", "dev": "val", "test": "test"}
"""Name of a split -> the source that it becomes."""

NAMED = re.compile(rf"({'|'.join(SOURCES)})([-_.].*)?", re.IGNORECASE)
"""The beginning of a file's name: "train-00000-of-00001.parquet"."""


def columnar_parts(path: Path) -> dict[str, tuple[Path, ...]]:
    """The Parquet, Feather or Arrow files of a dataset by source, "train" first; {} if there are none.

    Args:
        path: A file; a folder with a folder for each split, as ``save_to_disk`` writes it; or a folder, or its folder
            "data", whose files are named by splits, as on the hub. Files that are not named so are all "train".
    """
    if not path.is_dir():
        return {"train": (path,)} if path.suffix.lower() in FORMATS else {}
    parts: dict[str, list[Path]] = {}
    for name, source in SOURCES.items():
        parts.setdefault(source, []).extend(_files(path / name))
    if not parts["train"]:
        files = _files(path) or _files(path / "data")
        named = [(NAMED.fullmatch(file.stem), file) for file in files]
        parts = {source: [] for source in SOURCES.values()}
        for match, file in named:
            parts[SOURCES[match[1].lower()] if match and all(found for found, _ in named) else "train"].append(file)
        if not parts["train"]:  # a single split, whatever it is called
            return {"train": tuple(files)} if files else {}
    return {source: tuple(files) for source, files in parts.items() if files}


def data_states(path: object) -> dict[Path, Any]:
    """What changes with the data at a path: the `file_state` of it, all in it, and all in the folders of its parts.

    A folder itself changes when a file is added to it, but not when one is added to a folder in it.
    """
    where = Path(str(path))
    folders = (where, where / "data", *map(where.joinpath, SOURCES))
    return {each: file_state(each) for folder in folders for each in (folder, *sorted(folder.glob("*")))}


def _files(folder: Path) -> list[Path]:
    with survive(__name__, f"listing {folder}", OSError):
        return [file for file in columnar_files(folder) if not file.name.startswith(".")]
    return []
