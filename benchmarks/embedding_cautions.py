"""How often maps get the cautions that they need, and how often those that do not get one.

    python -m benchmarks.embedding_cautions [develop | judge] [MAPS]

Of each kind MAPS data sets (40), made from seeds of their own, are laid out by t-SNE, one kind also by principal
components, and judged as `cutaway.embedding.Quality.cautions` says. Thresholds were chosen on `develop`; `judge`, which
is kept, has other seeds. A caution must be said of at least 90% of the maps of a kind that needs it, and any caution
of at most 5% of the maps of all kinds that need none.
"""

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from cutaway.embedding import embed

MAPS = 40
WORDS = {
    "equal rows": "are equal to another one",
    "sizes": "The sizes of groups",
    "distances": "The distances between groups",
    "noise": "may be chance",
}
"""What tells the cautions apart."""

Kind: TypeAlias = Callable[[np.random.Generator], np.ndarray]


def blobs(
    rng: np.random.Generator, middles: np.ndarray, sizes: np.ndarray | float = 1.0, *, columns: int
) -> np.ndarray:
    """Normal clouds of equally many samples, 60 to 250, in a space that is turned at random."""
    count, each = len(middles), int(rng.integers(60, 251))
    places = np.zeros((count, columns))
    places[:, : middles.shape[1]] = middles
    x = np.repeat(places, each, axis=0)
    x += rng.normal(size=x.shape) * np.repeat(np.broadcast_to(sizes, count), each)[:, None]
    return x @ np.linalg.qr(rng.normal(size=(columns, columns)))[0]


def corners(count: int, apart: float) -> np.ndarray:
    """Middles that are all equally far from one another."""
    return np.eye(count) * apart / np.sqrt(2)


def part_of(x: np.ndarray) -> Kind:
    """A random part of real samples, with columns of the same spread."""
    values = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    return lambda rng: values[rng.random(len(x)) < rng.uniform(0.5, 1)]


def images(x: np.ndarray) -> Kind:
    """1,000 to 3,000 random images, or all."""
    return lambda rng: x[rng.permutation(len(x))[: int(rng.integers(1000, 3001))]].astype(np.float32)


def equal_blobs(rng: np.random.Generator) -> np.ndarray:
    count = int(rng.integers(2, 11))
    return blobs(rng, corners(count, rng.uniform(8, 20)), columns=count + int(rng.integers(1, 20)))


def planar_blobs(rng: np.random.Generator) -> np.ndarray:
    """Groups of different sizes and distances, nearly in a plane, which principal components show as they are."""
    middles = np.array([[0, 0], [10, 0], [0, 60], [60, 60]]) * rng.uniform(1, 2)
    x = blobs(rng, middles[: int(rng.integers(3, 5))], 1.0, columns=2)
    return np.column_stack([x, rng.normal(size=(len(x), 5)) * 0.1])


def other_sizes(rng: np.random.Generator) -> np.ndarray:
    count, factor = int(rng.integers(2, 7)), rng.uniform(3, 8)
    sizes = np.geomspace(1, factor, count)
    return blobs(rng, corners(count, 10 * factor), sizes, columns=count + int(rng.integers(1, 20)))


def other_distances(rng: np.random.Generator) -> np.ndarray:
    """Two or three pairs of groups: the groups of a pair are near each other."""
    count, near, factor = int(rng.integers(3, 7)), rng.uniform(8, 12), rng.uniform(4, 10)
    middles = np.zeros((count, 4))
    middles[:, :3] = corners(3, near * factor)[np.arange(count) // 2]
    middles[:, 3] = near * (np.arange(count) % 2)
    return blobs(rng, middles, columns=4 + int(rng.integers(1, 20)))


def with_equal_rows(rng: np.random.Generator) -> np.ndarray:
    digits: Any = load_digits()
    x = digits.data[: int(rng.integers(500, 1797))].copy()
    share, originals = rng.uniform(0.05, 0.6), int(rng.integers(1, 6))
    copies = rng.choice(len(x), int(share * len(x)), replace=False)
    x[copies] = x[rng.choice(len(x), originals)][rng.integers(0, originals, len(copies))]
    return x


def noise(rng: np.random.Generator) -> np.ndarray:
    shape = int(rng.integers(200, 2001)), int(np.exp(rng.uniform(np.log(3), np.log(300))))
    drawn = [
        rng.normal(size=shape),
        rng.uniform(size=shape),
        rng.exponential(size=shape),
        rng.integers(0, 5, shape).astype(float),
        rng.normal(size=shape) @ rng.normal(size=(shape[1], shape[1])),
        rng.standard_t(4, size=shape) * np.exp(rng.normal(size=shape[1])),
    ]
    return drawn[int(rng.integers(len(drawn)))]


def kinds() -> dict[str, tuple[Kind, str, str]]:
    """Name -> what makes a data set, the method of its map, and the caution that it needs ("" for none)."""
    mnist = ct.load_dataset("mnist")
    assert isinstance(mnist, ct.Dataset)
    sets: list[Any] = [load_digits(), load_wine(), load_breast_cancer()]
    digits, wine, cancer = (each.data for each in sets)
    return {
        "digits": (images(digits), "tsne", ""),
        "MNIST": (images(mnist.sources["test"].x.reshape(10_000, -1)), "tsne", ""),
        "wine": (part_of(wine), "tsne", ""),
        "breast cancer": (part_of(cancer), "tsne", ""),
        "groups of equal size": (equal_blobs, "tsne", ""),
        "groups in a plane, by PCA": (planar_blobs, "pca", ""),
        "groups of other sizes": (other_sizes, "tsne", "sizes"),
        "groups at other distances": (other_distances, "tsne", "distances"),
        "equal rows": (with_equal_rows, "tsne", "equal rows"),
        "noise": (noise, "tsne", "noise"),
    }


def main(arguments: list[str]) -> int:
    print(machine())
    half = arguments[0] if arguments else "judge"
    maps = int(arguments[1]) if len(arguments) > 1 else MAPS
    result: dict[str, dict[str, int]] = {}
    needless = healthy = 0
    promises: dict[str, bool] = {}
    for number, (name, (make, method, needed)) in enumerate(kinds().items()):
        said = dict.fromkeys(WORDS, 0)
        for seed in range(maps):
            x = make(np.random.default_rng([half == "judge", number, seed])).astype(np.float32)
            quality = embed(x, method=method, seed=seed).quality
            assert quality is not None
            found = [kind for kind, words in WORDS.items() if any(words in each for each in quality.cautions)]
            assert len(found) == len(quality.cautions)
            for kind in found:
                said[kind] += 1
            healthy += not needed
            needless += bool(found and not needed)
        result[name] = said
        print(
            f"  {name:<28} of {maps} maps: " + ", ".join(f"{kind} {count}" for kind, count in said.items()), flush=True
        )
        if needed:
            promises[f"{needed} is said of 90% of the maps of {name}"] = said[needed] >= 0.9 * maps
    print(f"  a caution is said of {needless} of {healthy} maps that need none ({needless / healthy:.1%})")
    promises["a caution is said of at most 5% of the maps that need none"] = needless <= 0.05 * healthy
    if half == "judge":
        keep("embedding_cautions", {"maps": maps, "said": result, "needless": needless, "healthy": healthy})
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
