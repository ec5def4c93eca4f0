"""How far a fully connected network gets on MNIST: recipes with several seeds, each in a process of its own.

Recipes were chosen on 10,000 training samples that were held out, which `--held-out` measures again; nothing was chosen
on test samples. The halves of the test set, which come from different writers, are also measured separately.

    python -m benchmarks records [--recipes minute,default] [--seeds 10] [--held-out]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.harness import keep, machine, spread, verdict

TARGETS = {"minute": 0.70}
"""Test errors in percent that the mean over the seeds should not exceed."""

HELD_OUT = 10_000
HALVES = ("first_half", "second_half")

PROGRAM = """
import json, sys, time
from dataclasses import asdict
import cutaway as ct
from cutaway.training import find_recipe

name, seed, runs, held_out = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
recipe, data = find_recipe(name), ct.load_dataset("mnist")
start = time.perf_counter()
model = ct.mlp(**asdict(recipe.form))
more = {"validation": held_out / len(data.labels["train"])} if held_out else {}
run = ct.train(model, data, recipe=name, seed=seed, runs=runs, progress=False, **more)
seconds = time.perf_counter() - start
ids = run.split.val if held_out else run.split.test
first = len(run.split.train) + (0 if held_out else len(run.split.val))
predicted = run.folder.predictions(run.context.epoch(None))[first : first + len(ids)].argmax(axis=1)
wrong, half = predicted != data.y(ids), ids.index < 5_000
epochs = len(run.history.rows)
said = {"seconds": seconds, "epochs": epochs, "error": 100 * wrong.mean()}
said["flops"] = 6.0 * model.count_params() * len(run.split.train) * epochs
if not held_out:
    said |= {"first_half": 100 * wrong[half].mean(), "second_half": 100 * wrong[~half].mean()}
print(json.dumps(said))
"""


def train(recipe: str, seed: int, *, runs: str, held_out: bool) -> dict[str, float]:
    """Train a recipe on MNIST; errors in percent."""
    command = [sys.executable, "-c", PROGRAM, recipe, str(seed), runs, str(HELD_OUT if held_out else 0)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(recipe: str, found: list[dict[str, float]], *, on: str) -> None:
    errors = [each["error"] for each in found]
    deviation = statistics.stdev(errors) if len(errors) > 1 else 0.0
    parts = [f"{name.replace('_', ' ')} {statistics.mean(each[name] for each in found):.3f}%" for name in HALVES]
    halves = f" ({', '.join(parts)})" if "first_half" in found[0] else ""
    print(f"  {recipe}: {on} error {statistics.mean(errors):.3f}% +- {deviation:.3f}{halves}, n={len(errors)}")
    seconds, work = spread([each["seconds"] for each in found], digits=1), found[0]["flops"] / 1e12
    print(f"    {seconds}, {found[0]['epochs']} epochs, {work:.1f} TFLOP", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", default="default,minute")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--held-out", action="store_true")
    given = parser.parse_args()
    on = "held-out" if given.held_out else "test"
    print(f"records of fully connected networks on MNIST, errors on {on} samples\n  {machine()}")
    results: dict[str, Any] = {}
    for recipe in given.recipes.split(","):
        found = list[dict[str, float]]()
        for seed in range(given.seeds):
            with tempfile.TemporaryDirectory() as runs:
                found.append(train(recipe, seed, runs=runs, held_out=given.held_out))
        show(recipe, found, on=on)
        results[recipe] = found
    keep("records", {on: results})
    if given.held_out:
        return 0
    means = {recipe: statistics.mean(each["error"] for each in found) for recipe, found in results.items()}
    return verdict(
        {f"{recipe}: at most {most}%": means[recipe] <= most for recipe, most in TARGETS.items() if recipe in means}
    )


if __name__ == "__main__":
    sys.exit(main())
