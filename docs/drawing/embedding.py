"""The settings of an embedding: for each a picture of what it does, and a table of what it costs."""

from collections.abc import Mapping

import cutaway as ct

from .bench import Bench, Row
from .style import cloud, panels, save


def _row(knob: str, value: object, found: ct.Embedding, **more: float | str) -> Row:
    trust = found.trust
    kept = f"{100 * trust.neighbors_kept:.0f} %" if trust else ""
    return {
        knob: str(value),
        "samples": f"{len(found.xy):,}",
        "s": round(found.layout.seconds["total"], 2),
        "neighbours kept": kept,
        **more,
    }


def _show(knob: str, found: Mapping[str, ct.Embedding], *, height: float = 2.3) -> list[Row]:
    figure, axes = panels(len(found), height=height)
    for each, (value, embedding) in zip(axes, found.items(), strict=True):
        cloud(each, embedding.xy, embedding.labels, title=value)
    save(figure, knob)
    return [_row(knob, value, embedding) for value, embedding in found.items()]


def _run(bench: Bench) -> ct.Run:
    run = bench.train()
    if run.path not in _WARM:
        # kernels are compiled once a process
        run.embed("dense_1", split="val", points=5000, progress=False)
        run.embed("dense_1", split="val", points=1000, progress=False)
        _WARM.add(run.path)
    return run


_WARM: set[object] = set()
SMALL = {"split": "test", "progress": False}


def layer(bench: Bench) -> list[Row]:
    """Classes part on their way through the net."""
    names = ("dense_1", "dense_2", "output")
    return _show("layer", {name: _run(bench).embed(name, **SMALL) for name in names})


def split(bench: Bench) -> list[Row]:
    """A seventh of the samples, or all."""
    return _show("split", {name: _run(bench).embed("dense_2", split=name, progress=False) for name in ("test", "all")})


def epoch(bench: Bench) -> list[Row]:
    """Before training, after one pass, at the end."""
    found = {f"epoch {value}": _run(bench).embed("dense_2", epoch=value, **SMALL) for value in (0, 1, 4)}
    return _show("epoch", found)


def method(bench: Bench) -> list[Row]:
    """Four ways to make two numbers of 256."""
    found = {name: _run(bench).embed("dense_2", method=name, **SMALL) for name in ("tsne", "pca", "lda", "umap")}
    return _show("method", found, height=1.9)


def points(bench: Bench) -> list[Row]:
    """Fewer samples, fewer seconds."""
    values = (1000, 4000, 16_000)
    found = {f"{value:,}": _run(bench).embed("dense_2", split="all", points=value, progress=False) for value in values}
    return _show("points", found)


def perplexity(bench: Bench) -> list[Row]:
    """How many neighbours a sample attends to."""
    return _show(
        "perplexity",
        {f"{value}": _run(bench).embed("dense_2", perplexity=float(value), **SMALL) for value in (5, 30, 200)},
    )


def iterations(bench: Bench) -> list[Row]:
    """Most steps; it ends by itself when nothing improves."""
    found = {f"{value}": _run(bench).embed("dense_2", iterations=value, **SMALL) for value in (251, 400, 750)}
    _show("iterations", found)
    return [
        _row("iterations", value, embedding, **{"steps done": embedding.layout.settings["iterations"]})
        for value, embedding in found.items()
    ]


def frames(bench: Bench) -> list[Row]:
    """The layout on its way."""
    run, seen = bench.train(seed=1), []
    plain = run.embed("dense_2", **SMALL)
    # another perplexity, by a hair: the result above is in the run folder and would be read back
    watched = run.embed("dense_2", perplexity=30.001, frames=seen.append, **SMALL)
    chosen = [seen[round(place * (len(seen) - 1))] for place in (0, 0.25, 0.5, 1)]
    figure, axes = panels(4, height=1.9)
    for each, frame in zip(axes, chosen, strict=True):
        cloud(each, frame.xy, watched.labels, title=f"step {frame.iteration}")
    save(figure, "frames")
    shown = {"None": plain, "a function that keeps them": watched}
    counts = {"None": 0, "a function that keeps them": len(seen)}
    return [_row("frames", value, found, frames_seen=counts[value]) for value, found in shown.items()]


KNOBS = (layer, split, epoch, method, points, perplexity, iterations, frames)
