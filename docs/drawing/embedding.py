"""The settings of an embedding: a picture of what each does, and a table of what it costs."""

import time
from collections.abc import Mapping
from typing import Any

import cutaway as ct

from .bench import Bench, Row
from .style import cloud, panels, save

TRIES = 2
SECONDS: dict[object, float] = {}
"""File of an embedding -> its CPU time in seconds, the lower of two tries."""


def _make(run: ct.Run, layer: str = "dense_2", **settings: Any) -> ct.Embedding:
    """Embed twice without the cache, since the first time may compile."""
    settings = {"split": "test", "progress": False, **settings}
    tries = []
    while True:
        start = time.process_time()
        found = run.embed(layer, **settings)
        tries.append(time.process_time() - start)
        if found.file in SECONDS or found.file is None:
            return found
        if len(tries) == TRIES:
            SECONDS[found.file] = min(tries)
            return found
        found.file.unlink()


def _row(setting: str, value: object, found: ct.Embedding, **more: float | str) -> Row:
    quality = found.quality
    return {
        setting: str(value),
        "samples": f"{len(found.xy):,}",
        "CPU s": round(SECONDS[found.file], 2),
        "neighbors preserved": f"{quality.neighbors_preserved:.0%}" if quality else "",
        **more,
    }


def _show(setting: str, found: Mapping[str, ct.Embedding], *, height: float = 1.9) -> list[Row]:
    figure, axes = panels(len(found), height=height)
    for each, (value, embedding) in zip(axes, found.items(), strict=True):
        cloud(each, embedding.xy, embedding.labels, title=value)
    save(figure, setting)
    return [_row(setting, value, embedding) for value, embedding in found.items()]


def layer(bench: Bench) -> list[Row]:
    """Classes separate from layer to layer."""
    names = ("dense_1", "dense_2", "output")
    return _show("layer", {name: _make(bench.train(), name) for name in names})


def split(bench: Bench) -> list[Row]:
    """The test samples, a seventh of all, and all samples."""
    return _show("split", {name: _make(bench.train(), split=name) for name in ("test", "all")})


def epoch(bench: Bench) -> list[Row]:
    """Before training, after one epoch, and at the end."""
    found = {f"epoch {value}": _make(bench.train(), epoch=value) for value in (0, 1, 4)}
    return _show("epoch", found)


def method(bench: Bench) -> list[Row]:
    """Three methods for the same layer."""
    found = {name: _make(bench.train(), method=name) for name in ("tsne", "pca", "umap")}
    return _show("method", found, height=1.5)


def samples(bench: Bench) -> list[Row]:
    """Fewer samples take less time."""
    values = (1000, 4000, 16_000)
    found = {f"{value:,}": _make(bench.train(), split="all", samples=value) for value in values}
    return _show("samples", found)


def perplexity(bench: Bench) -> list[Row]:
    """Small groups at a small perplexity, the overall structure at a large one."""
    return _show(
        "perplexity",
        {f"{value}": _make(bench.train(), perplexity=float(value)) for value in (5, 30, 200)},
    )


def max_iter(bench: Bench) -> list[Row]:
    """Maximum number of iterations; the descent ends sooner when it has converged."""
    found = {f"{value}": _make(bench.train(), samples=4000, max_iter=value) for value in (251, 400, 750)}
    _show("max_iter", found)
    return [
        _row("max_iter", value, embedding, **{"iterations done": embedding.layout.settings["iterations"]})
        for value, embedding in found.items()
    ]


def callback(bench: Bench) -> list[Row]:
    """The coordinates during the descent."""
    run, steps = bench.train(seed=1), []
    plain = _make(run)
    if plain.file:
        plain.file.unlink()  # or it would be read from the cache
    start = time.process_time()
    watched = run.embed("dense_2", split="test", progress=False, callback=steps.append)
    spent = time.process_time() - start
    chosen = [steps[round(place * (len(steps) - 1))] for place in (0, 0.25, 0.5, 1)]
    figure, axes = panels(4, height=1.5)
    for each, step in zip(axes, chosen, strict=True):
        cloud(each, step.xy, watched.labels, title=f"iteration {step.iteration}")
    save(figure, "callback")
    rows = [_row("callback", "None", plain, calls=0)]
    SECONDS[watched.file] = spent
    return [*rows, _row("callback", "a function that collects them", watched, calls=len(steps))]


SETTINGS = (layer, split, epoch, method, samples, perplexity, max_iter, callback)
