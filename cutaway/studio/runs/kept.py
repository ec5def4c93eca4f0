"""The rows of a folder of runs in the user's cache, a file of JSON lines; losing it costs only time."""

import json
import logging
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from cutaway.log import survive
from cutaway.runs import SUMMARY, ProcessRecord, write_atomic

from .entry import Entry

log = logging.getLogger("cutaway.studio.runs")

VERSION = version("cutaway")
"""Rows of another version are made again as well: a run that it could not read has not changed since."""

LARGEST = 1 << 28
"""Bytes of the file at most: 100,000 runs take a quarter of it."""


def read_entries(file: Callable[[], Path]) -> dict[str, Entry]:
    """The entries that were kept, by the id of the run; none where there is no file or it is damaged.

    Args:
        file: Gives the path; there may be no cache at all.
    """
    try:
        path = file()
        if path.stat().st_size > LARGEST:
            return {}
        lines = path.read_bytes().split(b"\n")
        if json.loads(lines[0]) != {"method": SUMMARY, "version": VERSION}:
            return {}
        return dict(_entry(lines[i], lines[i + 1]) for i in range(1, len(lines) - 1, 2))
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # anything may happen to a cache
        return {}


def _entry(known: bytes, encoded: bytes) -> tuple[str, Entry]:
    record, row = json.loads(known), json.loads(encoded)
    signature = tuple((int(time), int(size), int(inode)) for time, size, inode in record["signature"])
    process = None if record["process"] is None else ProcessRecord.model_validate(record["process"])
    if row["id"] != record["id"] or not isinstance(row["state"], str):
        raise ValueError("a row of another run")
    return record["id"], Entry(signature, row, encoded, process)


def write_entries(file: Callable[[], Path], entries: Mapping[str, Entry]) -> None:
    """Keep entries; a cache that cannot be written is left out."""
    lines = [json.dumps({"method": SUMMARY, "version": VERSION}).encode()]
    for name, entry in entries.items():
        process = entry.process and entry.process.model_dump()
        record = {"id": name, "signature": entry.signature, "process": process}
        lines += [json.dumps(record).encode(), entry.encoded]
    with survive(log, "keeping the rows of runs for the next start", OSError, ValueError):
        write_atomic(file(), b"\n".join([*lines, b""]))
