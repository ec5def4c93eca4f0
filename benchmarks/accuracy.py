"""What the recipes reach on MNIST with seeds 0 to 4, as whole processes: accuracy and seconds from enter to prompt."""

import json
import subprocess
import sys
import tempfile
import time

from benchmarks.harness import keep, machine, spread, verdict

SEEDS = range(5)


def train(recipe: str, seed: int, runs: str) -> dict[str, float]:
    """Run the command a user would type."""
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "train", "mnist"]
    options = ["--recipe", recipe, "--seed", str(seed), "--runs", runs, "--json"]
    start = time.perf_counter()
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    answer = json.loads(done.stdout)
    last = answer["history"][-1]
    return {
        "validation": last["val_accuracy"],
        "test": answer["test"]["accuracy"],
        "val_loss": last["val_loss"],
        "loss": last["loss"],
        "wall": wall,
        "epoch": min(row["seconds"] for row in answer["history"]),
    }


def main() -> int:
    print(f"accuracy of the recipes on MNIST\n  {machine()}")
    rows: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as runs:
        for recipe in ("default", "lesson", "lesson-dropout"):
            rows[recipe] = [train(recipe, seed, runs) for seed in SEEDS]
            for key, unit, digits in (("validation", "", 4), ("test", "", 4), ("wall", "s", 1), ("epoch", "s", 2)):
                print(f"  {recipe:<15} {key:<11} {spread([r[key] for r in rows[recipe]], unit=unit, digits=digits)}")
    keep("accuracy", {"rows": rows})
    return verdict(
        {
            "default: test accuracy at least 0.981 for each seed": min(r["test"] for r in rows["default"]) >= 0.981,
            "default: at most 20 s, start and compilation included": max(r["wall"] for r in rows["default"]) <= 20,
            "lesson: validation accuracy 0.86-0.90 for each seed": all(
                0.86 <= r["validation"] <= 0.90 for r in rows["lesson"]
            ),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
