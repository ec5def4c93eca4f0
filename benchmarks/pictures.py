"""Pictures by path: four IDX files, and a folder of 20,000 PNG files, 2,000 of each class.

The pictures are those of MNIST; a folder of other IDX files of gray pictures, such as Fashion-MNIST's, can be named on
the command line. Reading is timed in a process of its own, in turn with a plain loop of Pillow over the same files, and
its memory is the peak of that process beyond importing. Then ``cutaway train PATH`` trains on each by the default
recipe.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import cutaway as ct
from benchmarks.harness import interleave, keep, machine, ratio, spread, verdict

ROUNDS = 3
OF_EACH = 2_000

CHILD = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from PIL import Image
import cutaway as ct
ct.load_dataset("digits")  # imports
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, start, where = peak(), time.perf_counter(), Path(sys.argv[2])
if sys.argv[1] == "pillow":
    x = np.stack([np.asarray(Image.open(file)) for file in sorted(where.glob("*/*.png"))])
else:
    data = ct.load_dataset(where)
    x = data.sources["train"].x
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "mb": (peak() - before) / 1024, "samples": len(x)}))
"""


def child(kind: str, where: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", CHILD, kind, str(where)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def write_folders(source: Path, room: Path) -> tuple[Path, Path]:
    """A folder with the four IDX files, and one with 2,000 PNG files of each class."""
    idx, png = room / "idx", room / "png"
    shutil.copytree(source, idx, ignore=lambda _, names: [name for name in names if "ubyte" not in name])
    train = ct.load_dataset(idx).sources["train"]
    for label in np.unique(train.y).tolist():
        folder = png / str(label)
        folder.mkdir(parents=True)
        for row in np.flatnonzero(train.y == label)[:OF_EACH].tolist():
            Image.fromarray(train.x[row]).save(folder / f"{row}.png")
    return idx, png


def train(where: Path, room: Path) -> dict[str, Any]:
    """What ``cutaway train`` answers, with its whole seconds."""
    start = "import sys; from cutaway.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", start, "train", str(where), "--runs", str(room / "runs"), "--json"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"accuracy": answer["test"]["accuracy"], "seconds": answer["seconds"]["total"], "epochs": answer["epochs"]}


def main() -> int:
    print(f"pictures by path\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder, resources.as_file(resources.files("cutaway.data") / "mnist") as mnist:
        room = Path(folder)
        idx, png = write_folders(Path(sys.argv[1]) if len(sys.argv) > 1 else mnist, room)
        memory: dict[str, float] = {}

        def reading(kind: str, where: Path) -> float:
            found = child(kind, where)
            memory[f"{kind} {where.name}"] = found["mb"]
            return found["seconds"]

        seconds = interleave(
            {
                "20,000 PNG": lambda: reading("cutaway", png),
                "20,000 PNG, a loop of Pillow": lambda: reading("pillow", png),
                "IDX, 70,000 pictures": lambda: reading("cutaway", idx),
            },
            n=ROUNDS,
        )
        trained = {where.name: train(where, room) for where in (png, idx)}
    for name, values in seconds.items():
        print(f"  reading {name:<29} {spread(values)}")
    for name, megabytes in memory.items():
        print(f"  memory of {name:<27} {megabytes:.0f} MB")
    for name, found in trained.items():
        print(
            f"  cutaway train {name:<4} {found['accuracy']:.2%} in {found['seconds']:.1f} s, {found['epochs']} epochs"
        )
    slower = ratio(seconds["20,000 PNG"], seconds["20,000 PNG, a loop of Pillow"])
    print(f"  reading 20,000 PNG / a loop of Pillow {slower:.2f}")
    keep("pictures", {"seconds": seconds, "megabytes": memory, "trained": trained, "ratio": slower})
    return verdict({"reading a folder takes less than twice as long as a loop of Pillow": slower < 2})


if __name__ == "__main__":
    sys.exit(main())
