"""How far a fully connected network gets on MNIST: recipes with several seeds, each in a process of its own.

Recipes were chosen on 10,000 training samples that were held out, which `--held-out` measures again; nothing was chosen
on test samples. The halves of the test set, which come from different writers, are measured separately too. A committee
takes the mean of the probabilities of the first five models. Another folder of data is trained on by the same recipes,
untouched, such as that of Fashion-MNIST, with its four files of IDX.

    python -m benchmarks records [--recipes minute,default] [--seeds 10] [--first 0] [--held-out] [--data mnist]
    python -m benchmarks records --held-out --recipes minute --seeds 1 --change augment=rotation=11 --change epochs=12
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import keep, machine, spread, verdict

TARGETS = {"minute": 0.70, "best": 0.60, "best-images": 0.40}
"""Test errors in percent that the mean over the seeds should not exceed on MNIST."""

MEMBERS, COMMITTEE = 5, 0.33
"""Models of a committee, and the test error in percent that one of `best-images` should not exceed."""

HELD_OUT = 10_000
HALVES = ("first_half", "second_half")

PROGRAM = """
import json, sys, time
from dataclasses import asdict
import numpy as np
import cutaway as ct
from cutaway.training import find_recipe

asked = json.loads(sys.argv[1])
name, runs, held_out, changes = (asked[part] for part in ("recipe", "runs", "held_out", "changes"))
recipe, data = find_recipe(name), ct.load_dataset(asked["data"])
form = asdict(recipe.form) | {part: changes.pop(part) for part in asdict(recipe.form) if part in changes}
start = time.perf_counter()
model = ct.mlp(**form)
if held_out:
    changes["validation"] = held_out / len(data.labels["train"])
run = ct.train(model, data, recipe=name, seed=asked["seed"], runs=runs, progress=False, **changes)
seconds = time.perf_counter() - start
ids = run.split.val if held_out else run.split.test
first = len(run.split.train) + (0 if held_out else len(run.split.val))
predicted = run.folder.predictions(run.context.epoch(None))[first : first + len(ids)]
epochs = len(run.history.rows)
said = {"seed": asked["seed"], "seconds": seconds, "epochs": epochs}
said["flops"] = 6.0 * model.count_params() * len(run.split.train) * epochs
np.savez(runs + "/predicted.npz", predicted=predicted, y=data.y(ids), row=ids.index)
print(json.dumps(said))
"""


@dataclass
class Trained:
    """A model that was trained.

    Attributes:
        record: What is kept of it; errors in percent.
        predicted: Probabilities ``(sample, class)`` of the samples that it was not trained on.
        y: Their classes.
    """

    record: dict[str, float]
    predicted: np.ndarray
    y: np.ndarray


def train(recipe: str, seed: int, *, data: str, held_out: bool, changes: Mapping[str, Any]) -> Trained:
    """Train a recipe with some settings changed, in a process of its own."""
    with tempfile.TemporaryDirectory() as runs:
        asked = {"recipe": recipe, "seed": seed, "runs": runs, "data": data, "changes": changes}
        given = json.dumps({**asked, "held_out": HELD_OUT if held_out else 0})
        done = subprocess.run([sys.executable, "-c", PROGRAM, given], check=True, capture_output=True, text=True)
        with np.load(f"{runs}/predicted.npz") as file:
            predicted, y, row = (file[name] for name in ("predicted", "y", "row"))
    wrong = predicted.argmax(axis=1) != y
    record = {**json.loads(done.stdout.splitlines()[-1]), "error": 100 * float(wrong.mean())}
    halves = (wrong[row < 5_000], wrong[row >= 5_000])
    if not held_out and all(half.size for half in halves):  # the digits of scikit-learn have no second half
        record |= {name: 100 * float(half.mean()) for name, half in zip(HALVES, halves, strict=True)}
    return Trained(record, predicted, y)


def read_change(text: str) -> tuple[str, Any]:
    """A setting and its value: 12, 0.5, [512, 512], or text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def show(recipe: str, found: list[dict[str, float]], *, on: str) -> None:
    errors = [each["error"] for each in found]
    deviation = statistics.stdev(errors) if len(errors) > 1 else 0.0
    parts = [f"{name.replace('_', ' ')} {statistics.mean(each[name] for each in found):.3f}%" for name in HALVES]
    halves = f" ({', '.join(parts)})" if "first_half" in found[0] else ""
    print(f"  {recipe}: {on} error {statistics.mean(errors):.3f}% +- {deviation:.3f}{halves}, n={len(errors)}")
    seconds, work = spread([each["seconds"] for each in found], digits=1), found[0]["flops"] / 1e12
    print(f"    {seconds}, {found[0]['epochs']:.0f} epochs, {work:.1f} TFLOP", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", default="default,minute")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--data", default="mnist")
    parser.add_argument(
        "--change", action="append", default=[], metavar="SETTING=VALUE", help="values are JSON or text"
    )
    given = parser.parse_args()
    changes = dict(read_change(text) for text in given.change)
    on = "held-out" if given.held_out else "test"
    print(f"records of fully connected networks on {Path(given.data).name}, errors on {on} samples\n  {machine()}")
    promises: dict[str, bool] = {}
    for recipe in given.recipes.split(","):
        part = ", ".join([Path(given.data).name, recipe, on, *given.change])
        trained, found = list[Trained](), list[dict[str, float]]()
        for seed in range(given.first, given.first + given.seeds):
            trained.append(train(recipe, seed, data=given.data, held_out=given.held_out, changes=changes))
            found = [each.record for each in trained]
            keep("records", {part: found})
            print(f"    seed {seed}: {trained[-1].record['error']:.2f}%", flush=True)
        show(recipe, found, on=on)
        mean = statistics.mean(each["error"] for each in found)
        if len(trained) >= MEMBERS:
            together = np.mean([each.predicted for each in trained[:MEMBERS]], axis=0, dtype=np.float64)
            committee = 100 * float((together.argmax(axis=1) != trained[0].y).mean())
            keep("records", {f"{part}, committee of {MEMBERS}": committee})
            print(f"    a committee of {MEMBERS}: {committee:.2f}%")
            if part == "mnist, best-images, test":
                promises[f"a committee of {MEMBERS} of {recipe}: at most {COMMITTEE}%"] = committee <= COMMITTEE
        if recipe in TARGETS and part == f"mnist, {recipe}, test":
            promises[f"{recipe}: at most {TARGETS[recipe]}%"] = mean <= TARGETS[recipe]
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main())
