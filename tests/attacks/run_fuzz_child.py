"""Damages run folders in seeded ways and uses each through the command line, with limits on time and memory.

Called with finished runs, a stopped run, the number of cases and the first seed. Prints a JSON object: how many calls
worked and how many were refused. A traceback, an "unexpected" error, an escape sequence on the terminal, a call that
computes for more than `SECONDS` or waits for more than `HANG`, or a byte of the folder that reading changed, ends it
with an error that names the case.
"""

import contextlib
import copy
import functools
import io
import itertools
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import safetensors.numpy
import sklearn.datasets
import typer.main

from cutaway.cli import main

SECONDS = 10
"""Of CPU time: on a busy machine a call of 0.7 s once took 12 s by the clock."""

HANG = 300
MEMORY = 1 << 30
"""What a call may take more than the process had before it."""

LIMIT = 16 << 30
"""Address space at most, so that an attack that works does not take the machine."""

HOLE = 4 << 30
WORKERS = ("report.html",)
"""What reading may write."""

VALUES = (
    *(None, True, -1, 0, 3, 2**31, 2**70, 1e-320, 0.5, "", "x", "\x1b[31mred\x07", "a\nb", "\ud800", "é" * 300),
    *([], {}, [[]], [None], ["\x1b[2J"], {"a": {"b": 1}}, list(range(2000)), "y" * 200_000, "../../../etc/passwd"),
    *(float("nan"), float("inf"), 2_000_000_000, "Dense", "Lambda", "softmax", "named", "path", "/dev/zero"),
)
READING = (
    *(("show",), ("show", "--json"), ("layers", "--json"), ("units",), ("embed", "--method", "pca", "--json")),
    *(("samples", "--json"), ("explain", "test[3]", "--influence", "--json")),
    *(("doctor",), ("confidence", "--json"), ("layers", "--history", "--json")),
)


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def places(value, path=()):
    """Paths of all values in some JSON."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def change_value(value, draw):
    """JSON with one value replaced, removed or put in once more."""
    value = copy.deepcopy(value)
    path = draw.choice(list(places(value))[1:] or [()])
    if not path:
        return draw.choice(VALUES)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    way = draw.random()
    if way < 0.3:
        del inner[path[-1]]
    elif way < 0.95:
        inner[path[-1]] = draw.choice([*VALUES, deep(200)])
    elif isinstance(inner, dict):
        inner["\x1b]0;title\x07"] = inner[path[-1]]
    else:
        inner.append(inner[path[-1]])
    return value


def dumped(value):
    return json.dumps(value).encode()


def damage_json(run, draw):
    record = json.loads((run / "run.json").read_bytes())
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        record = change_value(record, draw) if isinstance(record, dict) else record
    (run / "run.json").write_bytes(dumped(record))


def damage_model(run, draw):
    """Sizes and numbers of layers that would take all memory or the stack."""
    record = json.loads((run / "run.json").read_bytes())
    layers, model = record["model"]["layers"], record["model"]
    way = draw.choice(["units", "orthogonal", "many", "input", "name"])
    if way == "units":
        draw.choice(layers)["config"]["units"] = draw.choice([2_000_000_000, 20_000, 16_000_000, 2**40])
    elif way == "orthogonal":
        layers[0]["config"]["units"] = 20_000
        layers[0]["config"]["kernel_initializer"] = {"class_name": "Orthogonal", "config": {}}
    elif way == "many":
        one = {"kind": "Activation", "config": {"activation": "relu"}}
        names = [layers[0]["inputs"][0], *(f"a{n}" for n in range(3000))]
        chain = [{**one, "name": name, "inputs": [before]} for before, name in itertools.pairwise(names)]
        layers[0]["inputs"] = [names[-1]]
        model["layers"] = chain + layers
    elif way == "input":
        model["input"]["shape"] = draw.choice([[2**31], [64, 2**20], [0], [64] * 40, []])
    else:
        layers[0]["name"] = draw.choice(["\x1b[31m", "a/b", "", "x" * 5_000])
    (run / "run.json").write_bytes(dumped(record))


def damage_split(run, draw):
    import base64
    import zlib

    record = json.loads((run / "run.json").read_bytes())
    entry = record["split"]["membership"]["train"]
    size = draw.choice([6_000_000_000, 2**62, 4_000_000])
    packed = zlib.compress(bytes(4_000_000), 9)
    record["split"]["membership"]["train"] = {**entry, "samples": size, "codes": base64.b64encode(packed).decode()}
    record["split"]["counts"] = {"train": size, "val": 0, "test": 0}
    (run / "run.json").write_bytes(dumped(record))


def damage_history(run, draw):
    path = run / "history.jsonl"
    lines = path.read_bytes().splitlines()
    place = draw.randrange(len(lines))
    lines[place] = dumped(change_value(json.loads(lines[place]), draw))
    path.write_bytes(b"\n".join(lines) + draw.choice([b"\n", b"", b"\n{"]))


def damage_bytes(run, draw):
    path = draw.choice([p for p in sorted(run.rglob("*")) if p.is_file()])
    data = bytearray(path.read_bytes())
    way, place = draw.choice(["cut", "flip", "zero", "empty", "double"]), draw.randrange(max(len(data), 1))
    if way == "cut":
        del data[place:]
    elif way == "flip" and data:
        data[min(place, 400) if draw.random() < 0.5 else place] ^= 1 << draw.randrange(8)
    elif way == "zero":
        data[place : place + 64] = bytes(len(data[place : place + 64]))
    elif way == "empty":
        data.clear()
    else:
        data = data * 2
    path.write_bytes(data)


def damage_weights(run, draw):
    """Weights that no training leads to, or of another kind, in some or all snapshots or in the checkpoint."""
    paths = draw.choice([sorted((run / "snapshots").iterdir())] * 2 + [[run / "checkpoint.safetensors"]])
    paths = paths if draw.random() < 0.5 else [draw.choice(paths)]
    value, dtype = draw.choice([3e38, -3e38, 1e20, float("nan"), float("inf")]), draw.choice(["<i4", "<f8", "?", "<f2"])
    way = draw.choice(["all", "one", "signs", "dtype"])
    for path in paths:
        with safetensors.safe_open(path, "numpy") as file:
            arrays, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
        name = draw.choice([name for name, array in arrays.items() if array.dtype.kind == "f" and array.size])
        array = arrays[name].copy()
        if way == "dtype":
            array = array.astype(dtype)
        else:
            signs = np.where(np.arange(array.size) % 2, 1, -1) if way == "signs" else 1
            array.flat[: 1 if way == "one" else array.size] = value * signs
        path.write_bytes(safetensors.numpy.save({**arrays, name: array}, metadata))


def damage_kind(run, draw):
    """Something else in the place of a file or a folder."""
    path = draw.choice(sorted(run.rglob("*")))
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    way = draw.choice(["gone", "folder", "loop", "outside", "zero", "pipe", "hole", "dangling"])
    if way == "folder":
        path.mkdir()
    elif way == "loop":
        path.symlink_to(path.name)
    elif way == "outside":
        path.symlink_to("/etc/passwd")
    elif way == "zero":
        path.symlink_to("/dev/zero")
    elif way == "dangling":
        path.symlink_to("nowhere")
    elif way == "pipe":
        os.mkfifo(path)
    elif way == "hole":
        with open(path, "wb") as file:
            file.truncate(HOLE)


def damage_names(run, draw):
    names = ["epoch-abc", "epoch-0001 (copy)", "epoch-9999999999", "epoch-\x1b[31m", "epoch-0001", "epoch--001"]
    path = draw.choice(sorted((run / "snapshots").iterdir()))
    target = path.with_name(f"{draw.choice(names)}.safetensors")
    if draw.random() < 0.5:
        shutil.copy(path, target) if target != path else None
    else:
        path.rename(target)


DAMAGES = (
    *(damage_json,) * 6,
    *(damage_history, damage_bytes, damage_kind) * 2,
    *(damage_model, damage_split, damage_names, damage_weights),
)


def memory(name):
    """Bytes of one line of /proc/self/status: VmRSS is what the process holds now, VmHWM the most since."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


def contents(run):
    """What a folder holds, without what reading may write."""
    found = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if not name.startswith(WORKERS):
            state = path.lstat()
            found[name] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return found


def call(*arguments):
    """Run the program in this process: exit code, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def is_json(text):
    """Whether a text is one document of JSON, which has no NaN and no infinity."""
    try:
        json.loads(text, parse_constant=int)  # int("NaN") is a ValueError
    except ValueError:
        return False
    return True


def check(case, arguments, answer):
    code, out, err = answer
    wrong = [
        "no JSON" if code == 0 and "--json" in arguments and not is_json(out) else "",
        "an exit code" if code not in (0, 1, 2) else "",
        "unexpected" if "unexpected " in err or "Traceback" in err else "",
        "an escape sequence" if not (out + err).replace("\n", "").replace("\t", "").isprintable() else "",
        "a long line" if any(len(line) > 10_000 for line in err.splitlines()) else "",
        "no reason" if code and not err.strip().splitlines()[-1:][0].startswith("error: ") else "",
    ]
    if any(wrong):
        said = err.strip().splitlines()[-3:]
        raise AssertionError(f"case {case}, {' '.join(arguments)}: {', '.join(filter(None, wrong))}: {code} {said}")
    return "worked" if code == 0 else "refused"


def bounded(case, arguments):
    """What `check` says of a call, whose time and memory are bounded."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins again
    start, held = time.process_time(), memory("VmRSS")
    signal.alarm(HANG)  # its default ends the process
    said = check(case, arguments, call(*arguments))
    signal.alarm(0)
    seconds, taken = time.process_time() - start, memory("VmHWM") - held
    if seconds > SECONDS or taken > MEMORY:
        raise AssertionError(f"case {case}, {arguments}: {seconds:.1f} s, {taken / 1e6:.0f} MB")
    return said


def one(case, finished, stopped, folder, counts):
    draw = random.Random(case)
    resuming, good = draw.random() < 0.15, draw.choice(finished)
    run = folder / "runs" / "20260101-000000-x-0000"
    shutil.copytree(stopped if resuming else good, run, symlinks=True)
    damage = draw.choice(DAMAGES)
    damage(run, draw)
    before = contents(run)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")  # an empty one: nothing of another case may answer
    reading = [("runs", str(run.parent), "--json"), *((verb, str(run), *more) for verb, *more in READING)]
    reading += [("compare", str(good), str(run), *more) for more in ((), ("--shared", "--json"))]
    reading += [("compare", "--leaderboard", str(run.parent), *more) for more in ((), ("--json",))]
    reading += [("export", str(run), "--to", str(folder / "model.keras"))]
    if table := json.loads((good / "run.json").read_bytes())["dataset"]["origin"].get("path"):
        reading += [("predict", str(run), table, "--json", *more) for more in ((), ("--nearest", "2", "--distance"))]
    reading += [("train", "--like", str(run), "--epochs", "1", "--runs", str(folder / "trained"))]
    for arguments in [("resume", str(run))] if resuming else draw.sample(reading, min(3, len(reading))):
        counts[bounded(f"{case} ({damage.__name__})", arguments)] += 1
        if not resuming and contents(run) != before:
            raise AssertionError(f"case {case}, {arguments} changed the folder")
    shutil.rmtree(run)
    shutil.rmtree(folder / "cache", ignore_errors=True)


def run_cases(finished, stopped, cases, first):
    counts = {"worked": 0, "refused": 0}
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", RuntimeWarning)  # of NumPy, which people read as an error
    # made once for all calls: reading the options of 46 commands and the digits takes a quarter of the time of a case
    typer.main.get_command = functools.cache(typer.main.get_command)
    sklearn.datasets.load_digits = functools.cache(sklearn.datasets.load_digits)
    folder = Path(tempfile.mkdtemp())
    (folder / "runs").mkdir()
    for good in finished:
        warm = folder / f"warm-{good.name}"
        shutil.copytree(good, warm)
        for verb, *more in READING:  # Keras, JAX and what they compile are there before memory is limited
            answer = call(verb, str(warm), *more)
            assert answer[0] == 0, answer
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    for case in range(first, first + cases):
        sys.stderr.write(f"case {case}\n")
        one(case, finished, stopped, folder, counts)
    shutil.rmtree(folder)
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    *complete, canceled, cases, first = sys.argv[1:]
    run_cases([Path(each) for each in complete], Path(canceled), int(cases), int(first))
