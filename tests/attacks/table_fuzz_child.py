"""Damages columnar files in seeded ways and reads each as the program does, with limits on time and memory.

Called with a folder to write into, the kind of file ("feather" or "parquet"), the number of cases and the first seed.
Each case is a process of its own. Prints a JSON object: how many calls worked and how many were refused, and how many
cases "failed", by a crash, a hang or an unexpected error; standard error names each case before it begins.
"""

import io
import json
import os
import random
import resource
import signal
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import feather, parquet

from cutaway.data import load_dataset, look_at_table
from cutaway.data.tables import prepare_new_rows
from cutaway.errors import CutawayError, CutawayWarning

SECONDS = 60
"""Until a case counts as one that hangs; a good file takes a second."""

MEMORY = 4 << 30
"""Address space that a process may take beside what it has at the beginning; the files have some 100 kB."""

ROWS = 400


def table():
    """Columns of each kind that the reader of tables knows, with gaps."""
    draw = np.random.default_rng(0)
    words = np.array(["red", "green", "blue", "a longer word than others"])
    gaps = draw.random(ROWS) < 0.1
    days = draw.integers(0, 20_000, ROWS).astype("datetime64[D]")
    return pa.table(
        {
            "size": pa.array(draw.normal(size=ROWS).astype(np.float32), mask=gaps),
            "count": draw.integers(-5, 1000, ROWS),
            "color": pa.array(words[draw.integers(0, 4, ROWS)]).dictionary_encode(),
            "word": pa.array([None if gap else str(word) for gap, word in zip(gaps, words.repeat(100), strict=True)]),
            "code": pa.array(draw.integers(0, 10**9, ROWS).astype(str), pa.large_string()),
            "view": pa.array([f"{word} {n % 3}" for n, word in enumerate(words.repeat(100))], pa.string_view()),
            "sold": draw.random(ROWS) < 0.5,
            "day": pa.array(days),
            "price": pa.array([f"{value:.2f}" for value in draw.random(ROWS)]).cast(pa.decimal128(9, 2)),
            "list": [[n, n + 1] for n in range(ROWS)],
            "label": words[draw.integers(0, 3, ROWS)],
        }
    )


def ipc(table, *, stream=False, compression=None):
    """A table as Arrow writes it, in parts, with its dictionaries replaced in a stream."""
    out = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=150)
    return out.getvalue()


def made(write, table, **options):
    """What a function that writes a file writes."""
    out = io.BytesIO()
    write(table, out, **options)
    return out.getvalue()


def good_files(kind):
    """Files by their names."""
    rows = table()
    plain = rows.drop_columns(["view"])
    if kind == "feather":
        return {
            "plain.feather": made(feather.write_feather, rows, compression="uncompressed"),
            "lz4.feather": made(feather.write_feather, rows, compression="lz4", chunksize=150),
            "zstd.arrow": ipc(rows, compression="zstd"),
            "parts.arrow": ipc(rows),
            "stream.arrow": ipc(rows, stream=True),
            "stream-lz4.arrow": ipc(rows, stream=True, compression="lz4"),
        }
    return {
        "snappy.parquet": made(parquet.write_table, plain, row_group_size=150),
        "plain.parquet": made(parquet.write_table, plain, compression="none", use_dictionary=False),
        "codes.parquet": made(parquet.write_table, plain, compression="none", write_page_index=True),
        "zstd.parquet": made(parquet.write_table, plain, compression="zstd", data_page_version="2.0"),
        "gzip.parquet": made(parquet.write_table, plain, compression="gzip"),
        "deltas.parquet": made(
            parquet.write_table,
            plain.select(["count", "word", "day", "code", "label"]),
            use_dictionary=False,
            column_encoding={
                "count": "DELTA_BINARY_PACKED",
                "word": "DELTA_BYTE_ARRAY",
                "label": "DELTA_LENGTH_BYTE_ARRAY",
            },
        ),
    }


def damaged(data, draw):
    """Some bytes of a file changed: mostly one bit, as the disk and the attacker do."""
    data = bytearray(data)
    way = draw.choice(["flip"] * 8 + ["flips", "word", "cut", "zeros"])
    for _ in range(draw.randint(2, 8) if way == "flips" else 1):
        # what describes the columns is at the ends, and most of the bytes between them are values
        near = draw.random() < 0.5
        place = draw.choice([draw.randrange(1500), len(data) - 1 - draw.randrange(4000)]) if near else None
        place = min(max(draw.randrange(len(data)) if place is None else place, 0), len(data) - 1)
        if way in ("flip", "flips"):
            data[place] ^= 1 << draw.randrange(8)
        elif way == "cut":
            del data[place:]
        else:
            size = 4 if way == "word" else 64
            fresh = draw.choice([b"\xff" * 4, b"\0\0\0\x80", b"\xff\xff\xff\x7f", draw.randbytes(4)])
            data[place : place + size] = (fresh if way == "word" else bytes(size))[: len(data) - place]
    return bytes(data)


def read(path, preparation):
    """Use a file in each way: a look at it, training on it, new samples for a model of the good file."""
    yield lambda: look_at_table(path, label="label")
    opened = []

    def train():
        opened.append(load_dataset(path, label="label", group="code"))
        opened[0].prepare(opened[0].split(seed=0))
        opened[0].rows_of(opened[0].split(seed=0).train.take(np.arange(5)))

    yield train
    yield lambda: list(prepare_new_rows(preparation, path, {"id": "code"}))


def preparation_of(path):
    """What a model of a good file keeps of its columns; the good file is read in each way meanwhile."""
    opened = load_dataset(path, label="label", id="code")
    return opened.prepare(opened.split(seed=0)).preparation


def use_all(path, preparation):
    """Use a file in each way, and count how often that worked."""
    counts = Counter()
    for use in read(path, preparation):
        try:
            use()
            counts["worked"] += 1
        except CutawayError as error:
            counts["refused"] += 1
            if not str(error).isprintable():
                raise RuntimeError(f"a message that is no plain line: {error!r}") from error
    return counts


def in_a_process(path, preparation):
    """What `use_all` returns in a process of its own; one "failed" where that ends otherwise."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(SECONDS)  # its default ends the process: a hang is a failure
            os.write(writing, json.dumps(use_all(path, preparation)).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading) as file:
        counts = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        sys.stderr.write(f"the case ended with {code}\n")
    return Counter({"failed": 1} if code else json.loads(counts))


def main(folder, kind, cases, first):
    """Damage and read."""
    warnings.simplefilter("ignore", CutawayWarning)
    good, prepared, counts = good_files(kind), {}, Counter(worked=0, refused=0, failed=0)
    for name, data in good.items():
        (folder / name).write_bytes(data)
        prepared[name] = preparation_of(folder / name)
        for use in read(folder / name, prepared[name]):
            use()
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    for case in range(first, first + cases):
        draw = random.Random(case)
        name = draw.choice(sorted(good))
        sys.stderr.write(f"case {case}: {name}\n")
        sys.stderr.flush()
        (folder / name).write_bytes(damaged(good[name], draw))
        counts.update(in_a_process(folder / name, prepared[name]))
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
