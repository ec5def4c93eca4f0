"""Train, val and test: which sample is where, and the record that restores it exactly."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.checks import check_choice
from cutaway.errors import DataError
from cutaway.options import SPLITS

from .samples import SampleIds

PARTS = SPLITS[:-1]

DROPPED = len(PARTS)
"""What the record says of samples that belong to none of them."""


@dataclass(frozen=True, eq=False)
class Split:
    """The samples for training, validation and test.

    Attributes:
        train: Samples that the weights are fitted to.
        val: Samples that are evaluated after every epoch.
        test: Samples that are evaluated at the end.
        validation: The requested share of `val` among the samples that are not test, between 0 and 1.
        seed: Random seed of the split.
        stratified: Whether every class has about the same share of each part.
        dropped: Samples that a person left out of all three parts; None if there are none.
    """

    train: SampleIds
    val: SampleIds
    test: SampleIds
    validation: float
    seed: int
    stratified: bool = True
    dropped: SampleIds | None = None

    def __repr__(self) -> str:
        return f"<Split: {', '.join(f'{name} {len(getattr(self, name)):,}' for name in PARTS)}>"

    def part(self, name: str) -> SampleIds:
        """The ids of "train", "val", "test", or of "all" three in that order.

        Raises:
            UnknownNameError: Another name.
        """
        check_choice(name, name="split", choices=SPLITS)
        return join_ids([self.train, self.val, self.test]) if name == "all" else getattr(self, name)

    def rows(self, name: str) -> slice:
        """Where the samples of a part are among "all"."""
        if name == "all":
            return slice(None)
        first = sum(len(self.part(each)) for each in PARTS[: PARTS.index(name)])
        return slice(first, first + len(self.part(name)))

    @property
    def parts(self) -> np.ndarray:
        """The part of each sample of "all", uint8 ``(sample,)``: its place in `PARTS`."""
        return np.repeat(np.arange(len(PARTS), dtype=np.uint8), [len(self.part(name)) for name in PARTS])

    @property
    def held_out(self) -> str:
        """The name of the part that a model is measured on: "test", or "val" if there are no test samples."""
        return "test" if len(self.test) else "val"

    def to_record(self) -> dict[str, Any]:
        """The split as data for JSON, sufficient to restore it: about 11 kB for MNIST.

        Returns:
            ``counts`` by part, ``validation``, ``seed``, ``stratified`` and ``membership``: by source the number of
            ``samples`` and ``codes``, base64 of zlib of uint8 (sample,): 0 for train, 1 for val, 2 for test, 3 for
            those that were dropped.

        Raises:
            DataError: Not every sample of every source is in exactly one part, in ascending order.
        """
        parts = [self.train, self.val, self.test, *([] if self.dropped is None else [self.dropped])]
        ids = join_ids(parts)
        part = np.repeat(np.arange(len(parts), dtype=np.uint8), [len(part) for part in parts])
        order = np.argsort(ids.keys(), kind="stable")
        membership = {}
        for number, source in enumerate(ids.sources):
            of_source = order[ids.source_index[order] == number]
            if not np.array_equal(ids.index[of_source], np.arange(len(of_source))):
                raise DataError(f"some samples of {source} are in no part of the split", hint="use split_dataset")
            # level 9 takes 0.13 s for MNIST, level 7 0.01 s for 6% more bytes
            packed = zlib.compress(part[of_source].tobytes(), 7)
            membership[source] = {"samples": len(of_source), "codes": base64.b64encode(packed).decode()}
        return {
            "counts": {name: len(self.part(name)) for name in PARTS},
            "validation": self.validation,
            "seed": self.seed,
            "stratified": self.stratified,
            "membership": membership,
        }

    @classmethod
    def from_record(cls, record: Any) -> "Split":
        """Restore a split from `to_record`.

        Raises:
            DataError: The record is damaged.
        """
        try:
            codes = {source: _unpack(entry) for source, entry in record["membership"].items()}
            sources, seed, validation = tuple(codes), record["seed"], record["validation"]
            parts = {name: _members(codes, number) for number, name in enumerate(PARTS)}
            dropped = _members(codes, DROPPED)
            whole = (
                all(isinstance(source, str) for source in sources)
                and record["counts"] == {name: len(ids) for name, ids in parts.items()}
                and type(record["stratified"]) is bool
                and type(seed) is int
                and type(validation) is float
                and 0 < validation < 1
            )
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError, zlib.error) as error:
            raise _damaged(str(error)) from None
        if not whole:
            raise _damaged("its counts, validation, seed or stratified do not fit together")
        left_out = dropped if len(dropped) else None
        return cls(**parts, validation=validation, seed=seed, stratified=record["stratified"], dropped=left_out)


def join_ids(parts: Sequence[SampleIds]) -> SampleIds:
    """The ids of several parts of a split, at least one, in their order, with the names of the first part."""
    source_index = np.concatenate([ids.source_index for ids in parts])
    return SampleIds(parts[0].sources, source_index, np.concatenate([ids.index for ids in parts]), parts[0].naming)


def _unpack(entry: dict[str, Any]) -> np.ndarray:
    samples = entry["samples"]
    if type(samples) is not int or samples < 0:
        raise ValueError(f"samples is {samples!r}")
    unpacker = zlib.decompressobj()
    # One byte more than declared is enough to notice that there is more, without unpacking it.
    raw = unpacker.decompress(base64.b64decode(entry["codes"], validate=True), samples + 1)
    if len(raw) != samples or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"its codes are not of {samples} samples")
    codes = np.frombuffer(raw, np.uint8)
    if samples and codes.max() > DROPPED:
        raise ValueError(f"a code is {codes.max()}")
    return codes


def _members(codes: dict[str, np.ndarray], number: int) -> SampleIds:
    index = [np.flatnonzero(of_source == number) for of_source in codes.values()]
    source_index = [np.full(len(found), position, np.uint8) for position, found in enumerate(index)]
    return SampleIds(tuple(codes), np.concatenate(source_index), np.concatenate(index).astype(np.int64, copy=False))


def _damaged(what: str) -> DataError:
    return DataError(f"the split in run.json is damaged ({what})", hint="restore run.json or train again")
