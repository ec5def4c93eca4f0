"""What a layout shows in addition to neighborhoods: distances, the groups on the map, and equal rows."""

from typing import Any

import numpy as np

from cutaway.neighbors import nearest_neighbors, principal_scores, squared_to_nth
from cutaway.parallel import single_threaded_blas
from cutaway.row_keys import first_equal, row_keys

# Up to twice this many samples, all pairs are compared; above, only pairs within random sets of this size.
SET = 60
# The spread over the sets gives the standard errors, 0.002 to 0.02 for both measures.
SETS = 20
# Samples whose places tell the groups on the map, the most. For 70,000 of MNIST, this many take 0.1 s.
GROUP_SAMPLES = 5000
# A group is connected by those of its samples' 10 nearest in the plane that are nearer than twice the median distance
# of the tenth: t-SNE draws all groups about equally dense.
GROUP_NEIGHBORS, GROUP_REACH = 10, 2.0
# Smaller groups are left out: their sizes and middles are not known well enough.
SMALLEST_GROUP = 0.02
# Samples whose neighbors are compared with those in shuffled columns: the share is known to 0.01 then.
SHUFFLED_SAMPLES = 500
SHUFFLES = 3
# Columns for comparing rows first.
FIRST_COLUMNS = 16
# Fewer different rows have too few neighbors to be compared.
FEWEST_ROWS = 30


def measure_structure(h: np.ndarray, xy: np.ndarray, *, seed: int, labels: np.ndarray | None = None) -> dict[str, Any]:
    """Measure distances, groups, equal rows and what chance would draw, by the names of `Quality`.

    Args:
        h: float32 (sample, unit).
        xy: float32 (sample, 2), the layout of the same samples.
        seed: Random seed of the choice of samples.
        labels: (sample,), the class of each sample.
    """
    rng = np.random.default_rng(seed)
    # the products are small: on two threads they took 0.1 to 3 s longer while other programs were busy
    with single_threaded_blas():
        measured = _measured(h, xy, rng)
    if labels is not None:
        measured["largest_class"] = float(np.unique(labels, return_counts=True)[1].max() / len(labels))
    return measured


def _measured(h: np.ndarray, xy: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    n = len(xy)
    rows = np.arange(n) if n <= GROUP_SAMPLES else np.sort(rng.choice(n, GROUP_SAMPLES, replace=False))
    layer, plane = _rescaled(h[rows]), _rescaled(xy[rows])
    return {
        **_distances_kept(layer, plane, rng),
        "equal_rows": equal_rows(h),
        **_groups_kept(layer, plane, rng),
        "structure": _structure(layer, rng),
    }


def equal_rows(h: np.ndarray) -> float:
    """The share of rows that another row is equal to, 0..1."""
    # some columns first: most rows differ there already. A tenth of the time for 512 columns
    some = _shared(h[:, :: max(h.shape[1] // FIRST_COLUMNS, 1)])
    return float(_shared(h[some]).sum() / len(h))


def _shared(rows: np.ndarray) -> np.ndarray:
    """Whether another row is equal to each, bool (row,)."""
    first = first_equal(row_keys(rows))
    return np.bincount(first)[first] > 1


def _rescaled(points: np.ndarray) -> np.ndarray:
    """Float64 (sample, column) around 0, scaled to a largest of 1: squares neither overflow nor vanish."""
    points = points.astype(np.float64)
    points -= points.mean(axis=0)
    return points / max(float(np.abs(points).max()), np.finfo(np.float64).tiny)


def _distances_kept(layer: np.ndarray, plane: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Triplets and the correlation of distances, with standard errors where only some pairs were compared."""
    n = len(plane)
    sets = [np.arange(n)] if n <= 2 * SET else [rng.choice(n, SET, replace=False) for _ in range(SETS)]
    values = np.array([_kept_in(_squares(layer[part]), _squares(plane[part])) for part in sets])
    means = values.mean(axis=0)
    if not np.isfinite(means).all():  # all distances of a set are equal
        return {}
    errors = values.std(axis=0, ddof=1) / np.sqrt(len(sets)) if len(sets) > 1 else (None, None)
    names = ("triplets", "distance_correlation")
    return {
        **{name: float(mean) for name, mean in zip(names, means, strict=True)},
        **{f"{name}_error": None if error is None else float(error) for name, error in zip(names, errors, strict=True)},
    }


def _kept_in(layer: np.ndarray, plane: np.ndarray) -> tuple[float, float]:
    """The share of triplets whose order is kept, ties counted half, and Spearman's correlation of all distances."""
    n = len(layer)
    farther = [distances[:, :, None] > distances[:, None] for distances in (layer, plane)]
    kept, swapped = farther[0] & farther[1], farther[0] & farther[1].transpose(0, 2, 1)
    # a sample is nearer to itself than to any other, unless that is at the same place
    itself = int(((layer > 0) & (plane > 0)).sum())
    pairs = np.triu_indices(n, 1)
    first, second = (_ranks(distances[pairs]) for distances in (layer, plane))
    if min(float(np.ptp(first)), float(np.ptp(second))) == 0:
        return np.nan, np.nan
    more = int(kept.sum()) - itself - int(swapped.sum())
    return 0.5 + more / (n * (n - 1) * (n - 2)), float(np.corrcoef(first, second)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, the mean for ties, as in `scipy.stats.rankdata`, whose import would take 0.6 s of an embedding."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _squares(points: np.ndarray) -> np.ndarray:
    """Squared distances of all pairs in units of the largest, float64 (sample, sample), rounded to keep ties."""
    from scipy.spatial.distance import cdist

    squares = cdist(points, points, "sqeuclidean")
    return np.round(squares / max(float(squares.max()), np.finfo(np.float64).tiny), 12)


def _groups_kept(layer: np.ndarray, plane: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """How sizes and distances of the groups on the map compare with those in the layer, and whether gaps part them.

    Where the map has no groups, gaps are looked for between the two halves of the first principal component.
    """
    members = groups_of(plane)
    if len(members) < 2:
        return {"separation": _separation(layer, _halves(layer, rng), rng)}
    first, second = np.triu_indices(len(members), 1)
    middles = [np.stack([points[each].mean(axis=0) for each in members]) for points in (layer, plane)]
    sizes = [np.array([np.sqrt(points[each].var(axis=0).sum()) for each in members]) for points in (layer, plane)]
    distances = [np.sqrt(((middle[first] - middle[second]) ** 2).sum(axis=1)) for middle in middles]
    return {
        **_extremes("sizes", *sizes),
        **(_extremes("distances", *distances) if len(members) > 2 else {}),
        "separation": _separation(layer, members, rng),
    }


def _extremes(name: str, layer: np.ndarray, plane: np.ndarray) -> dict[str, float]:
    """By how much the largest value in the layer exceeds the smallest there, and what the map shows of these two."""
    usable = np.flatnonzero((layer > 0) & (plane > 0))
    if len(usable) < 2:
        return {}
    low, high = usable[layer[usable].argmin()], usable[layer[usable].argmax()]
    return {f"{name}_layer": float(layer[high] / layer[low]), f"{name}_plane": float(plane[high] / plane[low])}


def groups_of(plane: np.ndarray) -> list[np.ndarray]:
    """The groups on a map: samples that hang together by short ways, int64 (member,) for each group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, k = len(plane), min(GROUP_NEIGHBORS, len(plane) - 1)
    found = nearest_neighbors(plane, k)
    apart = np.sqrt(found.squared)
    near = apart <= GROUP_REACH * np.median(apart[:, -1])
    ways = coo_array((np.ones(near.sum(), bool), (np.nonzero(near)[0], found.index[near])), shape=(n, n))
    _, member = connected_components(ways, directed=False)
    large = np.flatnonzero(np.bincount(member) > max(SMALLEST_GROUP * n, k))
    return [np.flatnonzero(member == number) for number in large]


def _halves(layer: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Some samples on either side of the middle of the first principal component: int64 (member,) for each side."""
    some = rng.permutation(len(layer))[:SHUFFLED_SAMPLES]
    scores = principal_scores(layer[some].astype(np.float32), 1)[:, 0]
    return [some[scores < 0], some[scores >= 0]]


def _separation(layer: np.ndarray, members: list[np.ndarray], rng: np.random.Generator) -> float:
    """The median over the groups of the gap between a group and the next one, in standard deviations.

    Samples are projected on the line through the middles of two groups, which are the middles of other samples, half of
    each group: a line fitted to the same samples would separate them further. The two halves of one normal cloud are
    2.6 standard deviations apart, and the halves of an even one 3.5. It is 0 if a group has one sample.
    """
    if min(len(each) for each in members) < 2:
        return 0.0
    halves = [np.array_split(rng.permutation(each), 2) for each in members]
    middles = [layer[fitted].mean(axis=0) for fitted, _ in halves]
    gaps = np.full((len(members), len(members)), np.inf)
    for one in range(len(members)):
        for other in range(one):
            line = middles[one] - middles[other]
            here, there = layer[halves[one][1]] @ line, layer[halves[other][1]] @ line
            spread = np.sqrt((here.var() + there.var()) / 2)
            gap = (here.mean() - there.mean()) / max(float(spread), 1e-9 * float(line @ line), np.finfo(float).tiny)
            gaps[one, other] = gaps[other, one] = gap
    return float(np.median(gaps.min(axis=1)))


def _structure(layer: np.ndarray, rng: np.random.Generator) -> float | None:
    """By which share the nearest neighbors are nearer than in data without structure, below 1; about 0 for noise.

    Data without structure have the same columns, or the same principal components, each shuffled by itself: the first
    is noise of any distribution, the second a normal cloud of any shape. The nearer of the two counts.
    """
    rows = layer if len(layer) <= SHUFFLED_SAMPLES else layer[rng.choice(len(layer), SHUFFLED_SAMPLES, replace=False)]
    _, different = np.unique(row_keys(rows.astype(np.float32))[:, 0], return_index=True)
    rows = rows[different] - rows[different].mean(axis=0)
    if len(rows) < FEWEST_ROWS:
        return None
    variances, vectors = np.linalg.eigh(rows @ rows.T)
    clear = variances > 1e-10 * variances[-1]
    if clear.sum() < 2:  # on a line, nothing can be shuffled
        return None
    components = vectors[:, clear] * np.sqrt(variances[clear])
    shuffled = [
        np.mean([_nearness(rng.permuted(columns, axis=0)) for _ in range(SHUFFLES)]) for columns in (rows, components)
    ]
    return float(1 - np.exp(_nearness(rows) - min(shuffled)))


def _nearness(points: np.ndarray) -> float:
    """The mean logarithm of the distance to the tenth neighbor."""
    tenth = squared_to_nth(points, GROUP_NEIGHBORS)
    return float(0.5 * np.log(np.maximum(tenth, np.finfo(np.float64).tiny)).mean())
