"""What samples are called, and which one is meant: here alone identities become names, and names identities."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cutaway.checks import meant
from cutaway.errors import DataError, UnknownNameError, printable
from cutaway.words import listed

from .samples import Naming, SampleIds, source_names
from .split import PARTS, Split

if TYPE_CHECKING:
    from pathlib import PurePath

    import pyarrow as pa

PLACE = re.compile(r"(.+)\[(\d{1,18})\]", re.ASCII)
NAME_AND_PLACE = re.compile(r".+ \(([^()]+\])\)", re.DOTALL)
"""A name with its place: "customer-17 (train[3])" of rows that share a name, "cats/17.png (sample[3])" of images."""

LISTED = 3
"""Samples of an ambiguous name that an error lists."""

COMPARED = 20_000
"""Names that a misspelled one is compared with at most, which takes half a second."""


class Named(Protocol):
    """Data that know what their samples are called: a `Dataset` or a `Table`."""

    @property
    def naming(self) -> Naming | None:
        """The names, or None where samples are called by their places."""
        ...


class TextNames(Naming):
    """Names that the data keep as text.

    Attributes:
        _cells: Text (sample,) by source; null where a sample has no name.
    """

    _cells: "Mapping[str, pa.ChunkedArray]"

    @property
    def by(self) -> str:
        """What holds the names, for messages."""
        raise NotImplementedError

    @property
    def several(self) -> str:
        """What has a name, in the plural."""
        raise NotImplementedError

    def texts(self, ids: SampleIds) -> list[str | None]:
        """The name of each of some samples, as it is."""
        import pyarrow as pa

        names = np.empty(len(ids), object)
        for number, source in enumerate(ids.sources):
            here = np.flatnonzero(ids.source_index == number)
            if len(here):
                names[here] = self._cells[source].take(pa.array(ids.index[here])).to_pylist()
        return names.tolist()

    def meant(self, name: str) -> str:
        """The next step for a misspelled name."""
        texts = chain.from_iterable(cells.slice(0, COMPARED).to_pylist() for cells in self._cells.values())
        return meant(name, (text for text in islice(texts, COMPARED) if text is not None), "check the spelling")

    @cached_property
    def _printed(self) -> "Mapping[str, pa.ChunkedArray]":
        # not by pyarrow's utf8_normalize, which before version 26 left two letters of an umlaut as they were
        import pyarrow as pa

        return {
            source: pa.chunked_array([[name and _as_printed(name) for name in names.to_pylist()]], pa.string())
            for source, names in self._cells.items()
        }

    def find(self, name: str, sources: tuple[str, ...]) -> SampleIds:
        """All samples of a name; of none that is exactly so, those that are printed so."""
        found = self._where("equal", name, sources)
        return found if len(found) else self._where("equal", name, sources, as_printed=True)

    def _where(self, function: str, text: str, sources: tuple[str, ...], *, as_printed: bool = False) -> SampleIds:
        import pyarrow.compute

        test: Any = getattr(pyarrow.compute, function)
        cells, text = (self._printed, _as_printed(text)) if as_printed else (self._cells, text)
        rows = [np.flatnonzero(test(cells[each], text).fill_null(False).to_numpy()) for each in sources]
        places = np.repeat(np.arange(len(sources), dtype=np.uint8), [len(found) for found in rows])
        return SampleIds(sources, places, np.concatenate(rows).astype(np.int64), naming=self)


@dataclass(frozen=True, eq=False)
class FileNames(TextNames):
    """The files of samples that are a file each.

    Attributes:
        _cells: By source, where each file is in the folder of the data, with "/" between folders: about 40 bytes each.
    """

    _cells: "Mapping[str, pa.ChunkedArray]" = field(repr=False)

    @property
    def by(self) -> str:
        """What holds the names."""
        return "their files"

    @property
    def several(self) -> str:
        """What has a name, in the plural."""
        return "files"

    @classmethod
    def of_paths(cls, paths: "Mapping[str, list[PurePath]]") -> "FileNames":
        """The names of files by their paths relative to the folder of the data; other bytes than UTF-8 are escaped."""
        import pyarrow as pa

        texts = {source: [_utf8(path.as_posix()) for path in each] for source, each in paths.items()}
        return cls({source: pa.chunked_array([pa.array(each, pa.string())]) for source, each in texts.items()})

    def of(self, ids: SampleIds) -> list[str]:
        """File and place of each sample: "cats/17.png (sample[3])"; what cannot be printed is escaped."""
        pairs = zip(self.texts(ids), ids.places(), strict=True)
        return [f"{printable(file or '')} ({place})" for file, place in pairs]

    def columns(self, ids: SampleIds) -> dict[str, list[Any]]:
        """The places, each with its file."""
        return {"sample": ids.places(), "file": self.texts(ids)}

    def find(self, name: str, sources: tuple[str, ...]) -> SampleIds:
        """The sample of a file; or all whose path ends so; or else, in the same order, those that are printed so."""
        name = _utf8(name)
        for as_printed in (False, True):
            for function, text in (("equal", name), ("ends_with", f"/{name}")):
                if len(found := self._where(function, text, sources, as_printed=as_printed)):
                    return found
        return found


def _as_printed(text: str) -> str:
    """A name as it looks: a run of white space is one space, and an umlaut one letter, which macOS writes as two."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _utf8(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


class RowNumbers(Naming):
    """The rows of a table in a file, by their numbers in it: from 1, without the line of names."""

    def of(self, ids: SampleIds) -> list[str]:
        """The places, which say the row already, from 0."""
        return ids.places()

    def columns(self, ids: SampleIds) -> dict[str, list[Any]]:
        """The places, each with the number of its row, as messages count them."""
        return {"sample": ids.places(), "row": (ids.index + 1).tolist()}


def find_sample(name: str, sizes: Mapping[str, int], *, split: Split | None = None, loaded: Named) -> SampleIds:
    """The identity of one sample by its name.

    Args:
        name: Source and row there, such as "test[7]" or, with data of one source, "sample[7]"; for a split that is no
            source of its own, the split and the place in it, such as "val[7]"; or what the data call it: the name of a
            row of a table, if it has a column of names, or the file of an image.
        sizes: Number of samples of each source.
        split: Its split; without one, no name is a place in it.
        loaded: The dataset; or the table that it was made from.

    Raises:
        UnknownNameError: There is no such sample, or there are several.
        DataError: A place is given with a file, and another file is there.
    """
    sources, names = tuple(sizes), loaded.naming
    sizes = dict(zip(source_names(sources), sizes.values(), strict=True))
    parts = {} if split is None else {part: len(split.part(part)) for part in PARTS if part not in sizes}
    with_place = NAME_AND_PLACE.fullmatch(name)
    if (found := _at_place(name, sources, sizes, split)) is not None:
        return found
    if with_place and (found := _at_place(with_place[1], sources, sizes, split)) is not None:
        if isinstance(names, FileNames) and (now := names.of(found)[0]) != name:
            raise DataError(
                f'"{name}" names another file than the data, which have "{now}" at that place now',
                hint="name the file alone",
            )
        return found
    in_split = f", or by their place in a split: {_ranges(parts)}" if parts else ""
    rule = f"samples are named {_ranges(sizes)}{in_split}"
    if not isinstance(names, TextNames):
        raise UnknownNameError(f'no sample "{name}"; {rule}', hint="choose one of these")
    samples = names.find(name, sources)
    if len(samples) > 1:
        places = samples.places()
        raise UnknownNameError(
            f'"{name}" is the name of {len(samples):,} {names.several}: {listed(places, LISTED)}',
            hint=f'take the place instead, such as "{places[0]}"',
        )
    if not len(samples):
        rule = f"samples are named by {names.by}, or {rule.removeprefix('samples are named ')}"
        raise UnknownNameError(f'no sample "{name}"; {rule}', hint=names.meant(name))
    return samples


def _at_place(name: str, sources: tuple[str, ...], sizes: Mapping[str, int], split: Split | None) -> SampleIds | None:
    """The sample at a place, or None where the name is no place or there is no such row."""
    place = PLACE.fullmatch(name)
    if place is None:
        return None
    named, number = place[1], int(place[2])
    if named in sizes:
        if number >= sizes[named]:
            return None
        return SampleIds(sources, np.array([list(sizes).index(named)], np.uint8), np.array([number], np.int64))
    part = split.part(named) if split is not None and named in PARTS else None
    return part.take([number]) if part is not None and number < len(part) else None


def _ranges(sizes: Mapping[str, int]) -> str:
    """The names of samples in a few words: "train[0] to train[59999] and test[0] to test[9999]"."""
    return listed([f"{name}[0] to {name}[{size - 1}]" for name, size in sizes.items() if size])
