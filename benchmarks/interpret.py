"""The cost of interpreting a model: layer history, units, ablations and an explanation, on the lesson's model.

784-512-512-10, SGD 0.01, batch 128, 5 epochs on 45,000 samples of MNIST, as the `lesson` recipe has it. Everything is
measured on the 10,000 test samples, from the call to the result, with weights read from the run folder; the first call
of each kind is reported separately (ablations have run once before). Ablations are compared with zeroing some units by
hand.
"""

import sys
import tempfile
from collections.abc import Callable

import numpy as np

import cutaway as ct
from benchmarks.harness import keep, machine, spread, timed, verdict

ROUNDS = 3
LAYER = "dense_1"
BY_HAND = (0, 100, 511)


def ablation(run: ct.Run) -> tuple[Callable[[], object], bool]:
    """A call that ablates each unit of a layer in turn, and whether its counts equal those of zeroing by hand."""
    from cutaway.interpret import ablate

    model, ids = run.model(), run.split.test
    x, labels = run.data.rows(ids), run.data.y(ids)

    def call():
        return ablate(model, LAYER, x=x, labels=labels, classes=len(run.class_names), scale=run.data.scale)

    correct, inputs = call().correct, run.data.inputs(ids)
    kernel, bias = model.get_layer("dense_2").get_weights()
    last, last_bias = model.get_layer("output").get_weights()
    h = run.activations(LAYER, split="test")
    same = len(inputs) == len(h)
    for unit in BY_HAND:
        without = h.copy()
        without[:, unit] = 0
        hidden = np.maximum(without.astype(np.float64) @ kernel + bias, 0)
        predicted = (hidden @ last + last_bias).argmax(axis=1)
        counts = np.bincount(labels[predicted == labels], minlength=len(run.class_names))
        same &= np.array_equal(counts, correct[unit])
    return call, same


def main() -> int:
    print(f"interpreting the lesson's model, 10,000 samples\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        model = ct.mlp((512, 512))
        run = ct.train(model, "mnist", recipe="lesson", epochs=5, seed=0, runs=f"{folder}/runs", progress=False)
        ablate_all, same = ablation(run)
        results = {
            "history of 3 layers, 6 snapshots": timed(lambda: run.layer_history(progress=False), n=ROUNDS),
            "512 ablations": timed(ablate_all, n=ROUNDS),
            "all 512 units": timed(lambda: run.units(LAYER, progress=False), n=ROUNDS),
            "a layer with itself, 6 x 6 epochs": timed(lambda: run.similarity(LAYER, progress=False), n=ROUNDS),
            "explanation of a sample": timed(lambda: run.explain("test[7]"), n=ROUNDS),
        }
    for name, seconds in results.items():
        print(f"  {name:<34} {spread(seconds['further'], digits=2)}, the first {seconds['first'][0]:.2f} s")
    keep("interpret", {"seconds": results})
    slowest = {name: max(seconds["first"] + seconds["further"]) for name, seconds in results.items()}
    return verdict(
        {
            "history of 3 layers over 5 epochs in less than 15 s": slowest["history of 3 layers, 6 snapshots"] < 15,
            "512 ablations in less than 10 s": slowest["512 ablations"] < 10,
            "each count equals that of zeroing the unit by hand": same,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
