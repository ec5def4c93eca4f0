"""An epoch of the lesson's model: ours against Keras' own fit on JAX, scikit-learn and PyTorch, interleaved in one run.

784-512-512-10, dropout 0.2, SGD 0.01, batch 128, 45,000 training and 15,000 validation samples of MNIST. Compilation
and the first epoch are not timed. Ours also evaluates the 10,000 test samples and writes snapshot, predictions,
checkpoint and history; the others do not. A second table has other sizes, so that nothing is optimized for this one.
"""

import importlib.util
import sys
from contextlib import ExitStack

import numpy as np

from benchmarks import contestants
from benchmarks.floor import floor
from benchmarks.harness import interleave, keep, machine, ratio, spread, verdict

ROUNDS = 5
OURS, FLOAT32, UNSAVED = "cutaway", "cutaway, float32", "cutaway without checkpoints"
FIT, FIT_32 = "keras fit", "keras fit, steps_per_execution=32"
FLOORS = {True: "floor", False: "floor, float32"}
OTHERS = {
    "784-128-10": ("mnist", (128,)),
    "784-2048-2048-10": ("mnist", (2048, 2048)),
    "digits: 64-512-512-10": ("digits", (512, 512)),
}


def race(name: str, hidden: tuple[int, ...], makers: dict, *, n: int) -> dict[str, list[float]]:
    with ExitStack() as stack:
        calls = {title: stack.enter_context(contestants.waiting(make, name, hidden)) for title, make in makers.items()}
        if FLOAT32 in makers:
            for bfloat16, title in FLOORS.items():
                calls[title] = stack.enter_context(contestants.waiting(lesson_floor, bfloat16))
        return interleave(calls, n=n)


def lesson_floor(bfloat16: bool):
    # ours evaluates 25,000 samples after each epoch
    return floor((784, 512, 512, 10), batch=128, train=45_000, measured=25_000, bfloat16=bfloat16)


def best_fit(seconds: dict[str, list[float]]) -> list[float]:
    return list(np.minimum(seconds[FIT], seconds[FIT_32]))


def main() -> int:
    print(f"an epoch of the lesson's model\n  {machine()}")
    keras = {OURS: contestants.cutaway, FIT: contestants.keras_fit, FIT_32: contestants.keras_fit_32}
    makers = {
        **keras,
        FLOAT32: contestants.cutaway_float32,
        UNSAVED: contestants.cutaway_without_checkpoints,
        "scikit-learn": contestants.sklearn,
    }
    if importlib.util.find_spec("torch"):
        makers["PyTorch, plain loop"] = contestants.torch_loop
    else:
        print("  PyTorch is not installed and is left out")
    seconds = race("mnist", (512, 512), makers, n=ROUNDS)
    for title, values in seconds.items():
        print(f"  {title:<34} {spread(values)}", flush=True)
    plain, best = ratio(seconds[OURS], seconds[FIT]), ratio(seconds[OURS], best_fit(seconds))
    share = {title: ratio(seconds[FLOORS[kind]], seconds[title]) for kind, title in ((True, OURS), (False, FLOAT32))}
    print(f"  cutaway / keras fit {plain:.2f}, cutaway / its best setting {best:.2f}")
    saving = ratio(seconds[OURS], seconds[UNSAVED]) - 1
    print(f"  checkpoints cost {saving:+.1%}")
    print(f"  share of the floor reached: {share[OURS]:.0%}, in float32 {share[FLOAT32]:.0%}")
    others = {}
    print("other sizes")
    for title, (name, hidden) in OTHERS.items():
        others[title] = race(name, hidden, keras, n=3)
        for who, values in others[title].items():
            print(f"  {title:<22} {who:<34} {spread(values)}")
        against = ratio(others[title][OURS], best_fit(others[title]))
        print(f"  {title:<22} cutaway / keras fit in its best setting {against:.2f}", flush=True)
    keep(
        "training", {"seconds": seconds, "ratio": plain, "ratio_best": best, "share_of_floor": share, "others": others}
    )
    return verdict(
        {
            "an epoch in at most 0.6 of Keras' fit": plain <= 0.6,
            "an epoch in at most 0.75 of Keras' fit in its best setting": best <= 0.75,
            "checkpoints cost less than 3%": saving < 0.03,
            "faster than Keras' fit in its best setting at every other size": all(
                ratio(rows[OURS], best_fit(rows)) < 1 for rows in others.values()
            ),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
