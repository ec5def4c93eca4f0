"""The zip archive of a .keras file, and the JSON in it: all entries and sizes are checked before anything is unpacked.

Source: PKWARE APPNOTE 6.3.10, sections 4.3.12 (directory) and 4.3.16 (its end).
"""

import io
import json
import os
import textwrap
import zipfile
from dataclasses import dataclass
from typing import Any, NoReturn

from cutaway.checks import check_path, check_regular
from cutaway.errors import CutawayError, DataError, UnknownNameError, os_errors
from cutaway.words import shown

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

LIMIT = 2**31
"""Maximum size in bytes of a model file, and of its weights."""

MAX_TEXT = 4 * 2**20
"""Bytes of JSON at most: a thousand layers of Keras take about 1 MB."""

MAX_DEPTH = 64
"""Nesting depth of JSON at most; Keras writes about 12."""

MAX_RATIO = 20
"""Unpacked to packed bytes at most, above 1 MiB: Keras does not compress, and trained weights shrink by a tenth."""

_DIRECTORY_END = b"PK\x05\x06"
_END_SIZE = 22


@dataclass(frozen=True, eq=False)
class Archive:
    """A .keras file, unpacked.

    Attributes:
        config: The content of config.json.
        version: The version of Keras that wrote it; "" if the file does not say.
        weights: The bytes of model.weights.h5.
    """

    config: dict[str, Any]
    version: str
    weights: bytes


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a model file of at most `LIMIT`.

    Raises:
        UnknownNameError: No such file.
        DataError: It is larger, empty or cannot be read.
    """
    path = check_path(path, name="path")
    if not os.path.exists(path):
        raise UnknownNameError(f"no such model file: {path}")
    check_regular(path)
    with (
        os_errors(f"cannot read {path}", hint="check its permissions", kind=DataError),
        path.open("rb") as file,
    ):
        size = os.fstat(file.fileno()).st_size  # read(LIMIT) would allocate all of LIMIT
        data = file.read(size) if size <= LIMIT else None
    if data is None:
        raise DataError(f"{path} is larger than {LIMIT:,} bytes", hint="open a smaller model")
    return data


def read_archive(data: bytes, name: str) -> Archive:
    """Unpack the bytes of a .keras file.

    Args:
        data: The whole file.
        name: Its name in errors.

    Raises:
        DataError: It is damaged, or an entry has a name, number or size that Keras does not write.
    """
    _check_end(data, name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive, name)
            config = _unpack(archive, members[CONFIG], name=name, limit=MAX_TEXT)
            metadata = _unpack(archive, members[METADATA], name=name, limit=MAX_TEXT) if METADATA in members else b"{}"
            weights = _unpack(archive, members[WEIGHTS], name=name, limit=LIMIT)
    except CutawayError:
        raise
    # damaged bytes make zipfile and zlib raise too many kinds of errors to list
    except Exception as error:
        raise _refuse(name, f"damaged: {textwrap.shorten(str(error) or type(error).__name__, 200)}") from error
    version = read_json(metadata, f"{METADATA} of {name}").get("keras_version", "")
    return Archive(read_json(config, f"{CONFIG} of {name}"), version if isinstance(version, str) else "", weights)


def read_json(raw: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object, whose size and depth are checked first.

    Raises:
        DataError: It is too long, too deep, has a name twice in an object, NaN or infinity, or is not a JSON object.
    """
    hint = "save the model again"
    if len(raw) > MAX_TEXT:
        raise DataError(f"{what} has {len(raw):,} bytes of JSON, more than {MAX_TEXT:,}", hint=hint)
    if (depth := _depth(raw)) > MAX_DEPTH:
        raise DataError(f"the JSON in {what} is nested {depth} deep, more than {MAX_DEPTH}", hint=hint)
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is not valid JSON: {textwrap.shorten(str(error), 100)}", hint=hint) from None
    if not isinstance(value, dict):
        raise DataError(f"{what} must be a JSON object, got a {type(value).__name__}", hint=hint)
    return value


def _depth(raw: bytes) -> int:
    """Nesting depth of the brackets outside of strings."""
    depth = deepest = 0
    inside = escaped = False
    for byte in raw:
        if inside:
            inside = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"the number {name}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("the same name twice in an object")
    return value


def _check_end(data: bytes, name: str) -> None:
    """Check the declared size and place of the directory before zipfile reads all its entries into memory."""
    end = len(data) - _END_SIZE
    if data[:2] != b"PK" or end < 0 or data[end : end + 4] != _DIRECTORY_END:
        raise _refuse(name, f"not a complete zip: it starts with {data[:4]!r} and does not end with a directory")
    count, size, start = (int.from_bytes(data[end + a : end + b], "little") for a, b in ((10, 12), (12, 16), (16, 20)))
    if count > 3:
        raise _refuse(name, f"{count:,} entries")
    if size > 1024 or start + size != end or data[end + 20 :] != b"\0\0":
        raise _refuse(name, f"a directory of {size:,} bytes at {start:,}, which is not at its end")


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.filename not in (CONFIG, METADATA, WEIGHTS) or member.filename in found:
            raise _refuse(name, f"the entry {shown(member.filename)}" + " twice" * (member.filename in found))
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refuse(name, f"{member.filename}, encrypted or packed with method {member.compress_type}")
        found[member.filename] = member
    for needed in (CONFIG, WEIGHTS):
        if needed not in found:
            raise _refuse(name, f"no {needed}")
    return found


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, name: str, limit: int) -> bytes:
    size, packed = member.file_size, member.compress_size
    if size > limit:
        raise _refuse(name, f"{member.filename} of {size:,} bytes, more than {limit:,}")
    if size > max(MAX_RATIO * packed, 2**20):
        raise _refuse(name, f"{member.filename} of {size:,} bytes packed into {packed:,}, more than {MAX_RATIO} to 1")
    with archive.open(member) as stream:
        data = stream.read(size + 1)
    if len(data) != size:
        raise _refuse(name, f"{member.filename} of {len(data):,} bytes that declares {size:,}")
    return data


def _refuse(name: str, what: str) -> DataError:
    return DataError(
        f"{name} is not a complete .keras file of {CONFIG}, {METADATA} and {WEIGHTS}: {what}",
        hint="copy the file again, or save the model again with model.save",
    )
