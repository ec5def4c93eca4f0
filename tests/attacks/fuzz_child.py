"""Opens files that Hypothesis changed from good ones, with a limit on memory and on the time of each.

Called with the good files and how many to open. Prints a JSON object: how many were opened, how many refused.
"""

import json
import resource
import signal
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.api.model_files import open_model
from cutaway.errors import CutawayError, CutawayWarning

ROUNDS = int(sys.argv[3])
SECONDS = 5
MEMORY = 512 * 2**20
"""More than the process has when it begins: the good files are 30 kB."""

counts = {"opened": 0, "refused": 0}
warnings.simplefilter("ignore", CutawayWarning)

JSON = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    *(st.just([]), st.just({}), st.just([None, 6]), st.just({"class_name": "Lambda", "config": {}, "module": "os"})),
    st.sampled_from(["Dense", "Lambda", "Flatten", "keras", "os", "float16", "relu", 0, 1, -1, 3, 10**9]),
)


@st.composite
def changed_bytes(draw, data):
    """Bytes with some of them overwritten, taken out, put in, or taken from another place."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        place, size = draw(st.integers(0, len(data))), draw(st.sampled_from([1, 2, 4, 8, 40, 400]))
        way = draw(st.sampled_from(["over", "over", "over", "out", "in", "copy"]))
        if way == "out":
            del data[place : place + size]
        elif way == "copy":
            other = draw(st.integers(0, len(data)))
            data[place : place + size] = data[other : other + size]
        else:
            fresh = draw(st.binary(min_size=size, max_size=size) | st.sampled_from([b"\0" * size, b"\xff" * size]))
            data[place : place + (size if way == "over" else 0)] = fresh
    return bytes(data)


def places(value, path=()):
    """Paths of all values in some JSON."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@st.composite
def changed_json(draw, data):
    """JSON with some values replaced, removed or moved."""
    value = json.loads(data)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(value))[1:] or [()]))
        if not path:
            return json.dumps(draw(JSON)).encode()
        inner = value
        for key in path[:-1]:
            inner = inner[key]
        if draw(st.booleans()):
            inner[path[-1]] = draw(JSON)
        else:
            del inner[path[-1]]
    return json.dumps(value).encode()


def packed(parts, path):
    """A .keras file of these parts."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def main(keras_file, h5_file):
    """Change and open."""
    folder = tempfile.mkdtemp()
    path = Path(folder) / "changed"
    with zipfile.ZipFile(keras_file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    whole, older = Path(keras_file).read_bytes(), Path(h5_file).read_bytes()
    open_model(keras_file)  # Keras, JAX and what they compile are there before memory is limited
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))

    @settings(
        max_examples=ROUNDS, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def rounds(data):
        what = data.draw(st.sampled_from(["zip", "config", "weights", "weights", "h5"]))
        if what in ("zip", "h5"):
            path.write_bytes(data.draw(changed_bytes(whole if what == "zip" else older)))
        elif what == "config":
            packed({**parts, "config.json": data.draw(changed_json(parts["config.json"]))}, path)
        else:
            packed({**parts, "model.weights.h5": data.draw(changed_bytes(parts["model.weights.h5"]))}, path)
        signal.alarm(SECONDS)  # its default ends the process: a hang is a failure
        try:
            open_model(path)
            counts["opened"] += 1
        except CutawayError as error:
            counts["refused"] += 1
            if not str(error).isprintable():
                raise RuntimeError(f"a message that is no plain line: {error!r}") from error
        finally:
            signal.alarm(0)

    rounds()
    path.unlink()
    Path(folder).rmdir()
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:3])
