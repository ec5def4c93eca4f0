"""Damages sweep folders in seeded ways and looks at each through the command line; as run_fuzz_child.py does with runs.

Called with the folder of a sweep that is done, the number of cases and the first seed.
"""

import contextlib
import functools
import json
import random
import resource
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import sklearn.datasets
import typer.main
from run_fuzz_child import LIMIT, bounded, call, change_value, contents, damage_bytes, damage_kind, dumped


def damage_manifest(sweep, draw):
    record = json.loads((sweep / "sweep.json").read_bytes())
    for _ in range(draw.choice([1, 1, 2, 3])):
        record = change_value(record, draw) if isinstance(record, dict) else record
    (sweep / "sweep.json").write_bytes(dumped(record))


def damage_journal(sweep, draw):
    lines = (sweep / "journal.log").read_bytes().splitlines()
    for _ in range(draw.choice([1, 1, 2, 5])):
        place = draw.randrange(len(lines))
        way = draw.choice(["value", "value", "value", "gone", "twice", "other"])
        if way == "value":
            with contextlib.suppress(ValueError, RecursionError):  # one that is damaged already
                lines[place] = dumped(change_value(json.loads(lines[place]), draw))
        elif way == "gone" and len(lines) > 1:
            del lines[place]
        elif way == "twice":
            lines.insert(place, lines[draw.randrange(len(lines))])
        elif way == "other":
            lines[place] = draw.choice([b"", b"{", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b"NaN"])
    (sweep / "journal.log").write_bytes(b"\n".join(lines) + draw.choice([b"\n", b"\n", b"", b"\n{"]))


DAMAGES = (*(damage_manifest,) * 4, *(damage_journal,) * 6, damage_bytes, damage_bytes, damage_kind)


def one(case, done, folder, counts):
    draw = random.Random(case)
    sweep = folder / "runs" / "sweep-digits"
    shutil.copytree(done, sweep, symlinks=True)
    damage = draw.choice(DAMAGES)
    damage(sweep, draw)
    before = contents(sweep)
    arguments = ["report", str(sweep), "-o", str(folder / "report.html"), *draw.choice([(), ("--json",)])]
    counts[bounded(f"{case} ({damage.__name__})", arguments)] += 1
    if contents(sweep) != before:
        raise AssertionError(f"case {case}, {arguments} changed the folder")
    shutil.rmtree(sweep)


def run_cases(done, cases, first):
    counts = {"worked": 0, "refused": 0}
    warnings.simplefilter("ignore")
    typer.main.get_command = functools.cache(typer.main.get_command)
    sklearn.datasets.load_digits = functools.cache(sklearn.datasets.load_digits)
    folder = Path(tempfile.mkdtemp())
    (folder / "runs").mkdir()
    assert call("report", str(done), "-o", str(folder / "report.html"))[0] == 0
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    for case in range(first, first + cases):
        sys.stderr.write(f"case {case}\n")
        one(case, done, folder, counts)
    shutil.rmtree(folder)
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    run_cases(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
