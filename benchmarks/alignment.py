"""Warm starts compared with independent layouts: epochs, then layers, of a model trained on MNIST, 10,000 samples.

A warm start begins with the previous layout; its rival is an independent layout of the same activations, from their
principal components. Both are computed in turn, in one process, from the activations to the layout with its KL
divergence. The independent layout, which the first of a sequence is, includes its quality, which a warm start measures
only when asked.

The neighborhood of a sample is preserved if at least 12 of its 15 nearest neighbors in the layer are its nearest again.
Drift is how far such a sample moved since the previous layout, as a share of the radius of that layout (root mean
square). Independent layouts are rotated, reflected and shifted onto each other by the same samples, and scaled as well,
which warm starts are not.
"""

import sys
import tempfile

import numpy as np

from benchmarks.harness import keep, machine, ratio, spread, verdict

SAMPLES = 10_000


def activations(folder: str) -> dict[str, dict[str, np.ndarray]]:
    """Sequences of activations, by name: float32 (sample, unit) each."""
    import cutaway as ct
    from cutaway.data import stratified_sample

    data = ct.load_dataset("mnist")
    run = ct.train(ct.mlp((512, 512), dropout=0.2), data, seed=0, runs=f"{folder}/runs", progress=False)
    rows = stratified_sample(run.labels(split="all"), SAMPLES, seed=0)
    epochs = {
        f"epoch {epoch}": run.activations("dense_2", split="all", epoch=epoch)[rows] for epoch in run.folder.epochs
    }
    layers = {"input": data.inputs(run.split.part("all").take(rows))}
    layers |= {name: run.activations(name, split="all")[rows] for name in ("dense_1", "dense_2", "output")}
    return {"epochs": epochs, "layers": layers}


def onto(xy: np.ndarray, before: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rotate, reflect, shift and scale a layout onto another one by some of its rows."""
    from cutaway.embedding import procrustes

    rotated = procrustes(xy, before, rows=rows).astype(np.float64)
    center, middle = rotated[rows].mean(axis=0), before[rows].mean(axis=0)
    spokes = rotated[rows] - center
    scale = float(np.sum(spokes * (before[rows] - middle)) / np.sum(spokes**2))
    return (rotated - center) * scale + middle


def race(layers: dict[str, np.ndarray]) -> list[dict]:
    """Compute all layouts both ways and compare each but the first."""
    from cutaway.embedding import (
        PRESERVED,
        PreviousEmbedding,
        aligned_rows,
        drift,
        embed,
        embed_next,
        layer_neighbors,
        measure_quality,
    )

    found = []
    names = list(layers)
    alone = embed(layers[names[0]])
    here, neighbors = alone, layer_neighbors(layers[names[0]])
    for name in names[1:]:
        before, rival_before = here, alone
        alone = embed(layers[name])
        done = embed_next(layers[name], PreviousEmbedding(here.xy, neighbors))
        here, neighbors, rows = done.layout, done.neighbors, done.preserved >= PRESERVED
        moved = drift(before.xy, here.xy)
        rival = drift(rival_before.xy, onto(alone.xy, rival_before.xy, aligned_rows(done.preserved)))
        found.append(
            {
                "step": name,
                "preserved": float(rows.mean()),
                "drift": [float(moved[rows].mean()), float(rival[rows].mean())] if rows.any() else None,
                "sums": [float(moved[rows].sum()), float(rival[rows].sum()), int(rows.sum())],
                "kl": [here.kl_divergence, alone.kl_divergence],
                "seconds": [here.seconds["total"], alone.seconds["total"]],
                "no_quality": [layout.seconds["total"] - layout.seconds.get("quality", 0) for layout in (here, alone)],
                "iterations": [here.settings["iterations"], alone.settings["iterations"]],
                "neighbors_preserved": [
                    measure_quality(layers[name], layout.xy, seed=0).neighbors_preserved for layout in (here, alone)
                ],
            }
        )
        show(found[-1])
    return found


def show(step: dict) -> None:
    ours, alone = step["drift"] or (float("nan"), float("nan"))
    print(
        f"  {step['step']:<8} preserved {step['preserved']:6.1%}  drift {ours:.4f} / {alone:.4f} = {ours / alone:.3f}"
        f"  KL {step['kl'][0]:.4f} / {step['kl'][1]:.4f} = {step['kl'][0] / step['kl'][1]:.3f}"
        f"  neighbors {step['neighbors_preserved'][0]:.3f} / {step['neighbors_preserved'][1]:.3f}"
        f"  {step['seconds'][0]:.2f} / {step['seconds'][1]:.2f} s"
        f"  steps {step['iterations'][0]} / {step['iterations'][1]}",
        flush=True,
    )


def drift_ratio(steps: list[dict]) -> float:
    """Mean drift over all samples of all steps with preserved neighborhoods, warm starts to independent layouts."""
    ours, alone, _ = np.sum([step["sums"] for step in steps], axis=0)
    return float(ours / alone)


def cost_ratio(steps: list[dict], clock: str) -> float:
    """Seconds of a warm start, relative to those of an independent layout, which the first of a sequence is."""
    return ratio(*(list(values) for values in zip(*[step[clock] for step in steps], strict=True)))


def summary(name: str, steps: list[dict]) -> dict[str, float]:
    ratios = {
        "drift": drift_ratio(steps),
        "cost": cost_ratio(steps, "seconds"),
        "cost_without_quality": cost_ratio(steps, "no_quality"),
        "dearest": max(ours / alone for ours, alone in (step["seconds"] for step in steps)),
        "highest_kl": max(ours / alone for ours, alone in (step["kl"] for step in steps)),
    }
    for clock, what in (("seconds", "as each is used"), ("no_quality", "both without quality")):
        ours, alone = ([step[clock][side] for step in steps] for side in (0, 1))
        print(f"  {name}, {what}: warm start {spread(ours, digits=2)}, alone {spread(alone, digits=2)}")
    print(
        f"  {name}: drift 1/{1 / ratios['drift']:.1f}, cost {ratios['cost']:.3f}, at most {ratios['dearest']:.3f}"
        f" ({ratios['cost_without_quality']:.3f} without quality on either side),"
        f" KL at most {ratios['highest_kl']:.3f} of that of an independent layout",
        flush=True,
    )
    return ratios


def main() -> int:
    from cutaway.embedding import warm_up

    print(f"warm starts and independent layouts, {SAMPLES:,} samples\n  {machine()}\n  warm start / alone", flush=True)
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        rows = activations(folder)
    results = {name: race(layers) for name, layers in rows.items()}
    totals = {name: summary(name, steps) for name, steps in results.items()}
    keep("alignment", {"samples": SAMPLES, "steps": results, "totals": totals})
    worst = {
        key: max(total[key] for total in totals.values()) for key in ("drift", "cost_without_quality", "highest_kl")
    }
    return verdict(
        {
            "samples with preserved neighbors drift at most a fifth as far": worst["drift"] <= 1 / 5,
            "a warm start costs at most a third of a first layout": worst["cost_without_quality"] <= 1 / 3,
            "KL at most 3% above that of an independent layout": worst["highest_kl"] <= 1.03,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
