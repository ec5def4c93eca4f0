"""Derived results that are kept in a run: computed once, read the next time, and never trusted.

A result is a record that JSON can hold and arrays by name, in one safetensors file, which holds no code. Its name has a
digest of everything that decides it, so a result of other weights, samples or settings has another name. What is read
is checked like any file of a run folder; a damaged file raises a warning and is computed again.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from cutaway.checks import warn_user
from cutaway.errors import CutawayError

from .folder import RunFolder
from .results import RESULT_BYTES, file_name

Value = TypeVar("Value")

RECORD = "record"
"""Name of the array that holds the record as JSON."""

DAMAGED = (
    *(CutawayError, ValueError, KeyError, TypeError, AttributeError, IndexError),
    *(OverflowError, RecursionError, MemoryError),
)
"""What reading a damaged file raises: its parts are missing, or are not what they should be."""


@dataclass(frozen=True, eq=False)
class KeptResult:
    """What a file of the results holds.

    Attributes:
        record: JSON-able data; of a dataclass its fields are kept.
        arrays: Arrays by name.
    """

    record: Any = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])

    def array(
        self, name: str, dtype: Any, *shape: int, low: float | None = None, high: float | None = None
    ) -> np.ndarray:
        """An array, if it has this dtype and shape and all of its values are in the range.

        Raises:
            KeyError: There is none of this name.
            ValueError: It is another one.
        """
        found = self.arrays[name]
        if found.dtype != np.dtype(dtype) or found.shape != shape:
            raise ValueError(f"{name} is {found.dtype} of the shape {found.shape}")
        if found.size and ((low is not None and found.min() < low) or (high is not None and found.max() > high)):
            raise ValueError(f"{name} has values outside of {low} to {high}")
        return found

    def to_bytes(self) -> bytes:
        """The file.

        Raises:
            TypeError, ValueError: JSON cannot hold the record, or the arrays are of a dtype that has no place in it.
        """
        from safetensors.numpy import save

        text = np.frombuffer(json.dumps(self.record, default=dataclasses.asdict).encode(), np.uint8)
        return save({RECORD: text, **{name: np.ascontiguousarray(array) for name, array in self.arrays.items()}})

    @classmethod
    def from_bytes(cls, data: bytes) -> "KeptResult":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: The bytes are damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            arrays: dict[str, Any] = dict(load(data))
        except SafetensorError as error:
            raise ValueError(str(error)) from None
        text = arrays.pop(RECORD)
        return cls(json.loads(text.astype(np.uint8, casting="no").tobytes()), arrays)


def result_name(run: RunFolder, kind: str, *, epochs: list[int], decides: Any, words: tuple[str, ...] = ()) -> str:
    """The name of the file with a result, in which a digest of all that decides it is.

    The model, the weights after the epochs, the data and the split always decide it.

    Args:
        run: The run.
        kind: What it is, such as "units".
        epochs: The epochs whose weights it is computed from.
        decides: JSON-able data: settings, the number of the method, digests of samples.
        words: More words for people who look into the folder.

    Raises:
        CutawayError: A snapshot is missing or damaged, or so is the record of the model.
    """
    manifest = run.manifest
    manifest.check("model")
    data = manifest.dataset
    spec = None if manifest.model is None else manifest.model.to_record()
    digests = [run.snapshot_digest(epoch).hexdigest() for epoch in epochs]
    samples = [data.sha256, data.scale, list(data.class_names), data.relabeled, manifest.split]
    digest = hashlib.sha256(json.dumps([spec, epochs, digests, samples, decides], sort_keys=True).encode())
    shown = (*words, f"epoch-{epochs[-1]:04d}") if epochs else words
    return file_name(kind, *shown, digest.hexdigest()[:16]) + ".safetensors"


def records_of(kind: type[Value], data: Any) -> tuple[Value, ...]:
    """Dataclasses of one kind from the data of their fields, as `plain_records` gives them.

    Raises:
        ValueError: They are not such data.
    """
    from pydantic import TypeAdapter

    one = TypeAdapter(kind)
    return tuple(one.validate_python(each) for each in data)


def plain_records(records: Iterable[Any]) -> list[dict[str, Any]]:
    """The fields of dataclasses, as JSON can hold them."""
    return [dataclasses.asdict(record) for record in records]


def digest_of(*arrays: np.ndarray) -> str:
    """A digest of arrays, hexadecimal: their dtypes, shapes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def kept(
    run: RunFolder,
    name: str,
    *,
    read: Callable[[KeptResult], Value],
    write: Callable[[Value], KeptResult | None],
    compute: Callable[[], Value],
) -> Value:
    """A result from its file; or else computed, and kept for the next time where that is possible.

    Args:
        run: The run.
        name: Name of the file, see `result_name`.
        read: Makes the result of what the file holds. It checks every part: a `CutawayError` or an error of a missing
            or wrong value means that the file is damaged.
        write: What is kept of the result; None to keep nothing.
        compute: Computes it.
    """
    found = read_kept(run, name, read=read)
    if found is not None:
        return found
    value = compute()
    made = write(value)
    data = None if made is None else made.to_bytes()
    if data is not None and len(data) <= RESULT_BYTES:
        run.results.write(name, data)
    return value


def read_kept(run: RunFolder, name: str, *, read: Callable[[KeptResult], Value]) -> Value | None:
    """A result from its file; None where there is none, or a damaged one, of which a warning tells. See `kept`."""
    data = run.results.read(name)
    if data is None:
        return None
    try:
        return read(KeptResult.from_bytes(data))
    except DAMAGED:
        warn_user(f"{name} is damaged and is computed again")
        return None
