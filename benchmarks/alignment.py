"""Layouts in a row against layouts one by one: epochs, then layers, of a model trained on MNIST, 10,000 samples.

A frame of a row starts from the frame before; its rival is the layout of the same activations alone, from its principal
components. Both are made in turn, in one process, from the activations to the layout with its KL divergence; the layout
alone, which is what a first frame is, with its trust as well, which a further frame measures when it is asked for.

A neighborhood "did not change" where at least 12 of a sample's 15 nearest in the layer are its nearest again. Drift is
how far such a sample lies from where it lay in the frame before, as a share of that frame's radius (root mean square).
Layouts made one by one are turned, mirrored and shifted onto each other by the same samples, and scaled as well, which
ours are not.
"""

import sys
import tempfile

import numpy as np

from benchmarks.harness import keep, machine, ratio, spread, verdict

SAMPLES = 10_000


def activations(folder: str) -> dict[str, dict[str, np.ndarray]]:
    """Rows of frames, by name: float32 (sample, unit) each."""
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
    """Turn, mirror, shift and scale a layout onto another one, judged by some rows."""
    from cutaway.embedding.alignment import procrustes

    turned = procrustes(xy, before, rows=rows).astype(np.float64)
    center, middle = turned[rows].mean(axis=0), before[rows].mean(axis=0)
    spokes = turned[rows] - center
    scale = float(np.sum(spokes * (before[rows] - middle)) / np.sum(spokes**2))
    return (turned - center) * scale + middle


def race(frames: dict[str, np.ndarray]) -> list[dict]:
    """Make all frames both ways and tell of each but the first."""
    from cutaway.embedding import embed, measure_quality
    from cutaway.embedding.alignment import KEPT, aligned_rows, drift
    from cutaway.embedding.warm_start import PreviousEmbedding, embed_next, layer_neighbors

    found = []
    names = list(frames)
    alone = embed(frames[names[0]])
    here, nearest = alone, layer_neighbors(frames[names[0]])
    for name in names[1:]:
        before, rival_before = here, alone
        alone = embed(frames[name])
        done = embed_next(frames[name], PreviousEmbedding(here.xy, nearest))
        here, nearest, rows = done.layout, done.nearest, done.kept >= KEPT
        moved = drift(before.xy, here.xy)
        rival = drift(rival_before.xy, onto(alone.xy, rival_before.xy, aligned_rows(done.kept)))
        found.append(
            {
                "frame": name,
                "kept": float(rows.mean()),
                "drift": [float(moved[rows].mean()), float(rival[rows].mean())] if rows.any() else None,
                "sums": [float(moved[rows].sum()), float(rival[rows].sum()), int(rows.sum())],
                "kl": [here.kl_divergence, alone.kl_divergence],
                "seconds": [here.seconds["total"], alone.seconds["total"]],
                "no_quality": [layout.seconds["total"] - layout.seconds.get("quality", 0) for layout in (here, alone)],
                "iterations": [here.settings["iterations"], alone.settings["iterations"]],
                "neighbors_preserved": [
                    measure_quality(frames[name], layout.xy, seed=0).neighbors_preserved for layout in (here, alone)
                ],
            }
        )
        show(found[-1])
    return found


def show(frame: dict) -> None:
    ours, alone = frame["drift"] or (float("nan"), float("nan"))
    print(
        f"  {frame['frame']:<8} kept {frame['kept']:6.1%}  drift {ours:.4f} / {alone:.4f} = {ours / alone:.3f}"
        f"  KL {frame['kl'][0]:.4f} / {frame['kl'][1]:.4f} = {frame['kl'][0] / frame['kl'][1]:.3f}"
        f"  neighbors {frame['neighbors_preserved'][0]:.3f} / {frame['neighbors_preserved'][1]:.3f}"
        f"  {frame['seconds'][0]:.2f} / {frame['seconds'][1]:.2f} s"
        f"  steps {frame['iterations'][0]} / {frame['iterations'][1]}",
        flush=True,
    )


def drift_ratio(frames: list[dict]) -> float:
    """Mean drift over all samples of all frames whose neighborhood did not change, ours to theirs."""
    ours, alone, _ = np.sum([frame["sums"] for frame in frames], axis=0)
    return float(ours / alone)


def cost_ratio(frames: list[dict], clock: str) -> float:
    """Seconds of a further frame to those of the same frame alone, which is what a first frame is."""
    return ratio(*(list(values) for values in zip(*[frame[clock] for frame in frames], strict=True)))


def summary(name: str, frames: list[dict]) -> dict[str, float]:
    words = {
        "drift": drift_ratio(frames),
        "cost": cost_ratio(frames, "seconds"),
        "cost_without_trust": cost_ratio(frames, "no_quality"),
        "dearest": max(ours / alone for ours, alone in (frame["seconds"] for frame in frames)),
        "highest_kl": max(ours / alone for ours, alone in (frame["kl"] for frame in frames)),
    }
    for clock, what in (("seconds", "as each comes"), ("no_quality", "neither with trust")):
        ours, alone = ([frame[clock][side] for frame in frames] for side in (0, 1))
        print(f"  {name}, {what}: further frame {spread(ours, digits=2)}, alone {spread(alone, digits=2)}")
    print(
        f"  {name}: drift 1/{1 / words['drift']:.1f}, cost {words['cost']:.3f}, at most {words['dearest']:.3f}"
        f" ({words['cost_without_trust']:.3f} with no trust on either side),"
        f" KL at most {words['highest_kl']:.3f} of that alone",
        flush=True,
    )
    return words


def main() -> int:
    from cutaway.embedding import warm_up

    print(
        f"layouts in a row against layouts one by one, {SAMPLES:,} samples\n  {machine()}\n  ours / alone", flush=True
    )
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        rows = activations(folder)
    results = {name: race(frames) for name, frames in rows.items()}
    totals = {name: summary(name, frames) for name, frames in results.items()}
    keep("alignment", {"samples": SAMPLES, "frames": results, "totals": totals})
    worst = {key: max(total[key] for total in totals.values()) for key in ("drift", "cost_without_trust", "highest_kl")}
    return verdict(
        {
            "samples whose neighbors did not change drift at most a fifth as far": worst["drift"] <= 1 / 5,
            "a further frame costs at most a third of the first, without trust": worst["cost_without_trust"] <= 1 / 3,
            "KL at most 3 % above that of a layout alone": worst["highest_kl"] <= 1.03,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
