"""A grid over the plane, and the transform of the kernel on it.

Wide layouts have a two-level grid: the kernel as a narrow part on a fine grid and a smooth part on one eight times as
coarse. A periodic grid needs as much padding as the layout is wide. The narrow part needs padding for its own width
only, and the smooth part, on a grid with a sixty-fourth of the nodes, costs very little. So the transforms have a
quarter of the nodes, and forces change by less than 1 part in 1,000, while the error of the grid itself is 100 parts.

Cubic splines on the coarse grid are sums of those on the fine one, so charges and potentials pass between both without
another approximation.

Source: Ewald 1921 (one kernel as two); Brandt and Lubrecht 1990 (the smooth part on a coarser grid).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

from .kernels.two_level import BEFORE, FACTOR, gather, scatter

# Typed as Any, because SciPy annotates its dispatcher only. Transforms run on one thread while the others
# compute the attractive forces; two threads take longer than one here (540 x 540: 1.0 ms instead of 0.55).
fft: Any = scipy.fft

# Distance of nodes in units of the layout; the kernel has width 1.
SPACING = 0.8
FINEST = 0.1
# Nodes across a small layout, and nodes at each end: a cubic spline reaches 2 nodes beyond a point, the others let the
# layout grow.
LEAST_NODES = 24
MARGIN = 4
# Half the nodes across: a layout wider than 688, such as one of 140,000 points, gets a coarser grid, because transforms
# that do not fit the cache are slow. At 280,000 points a descent takes 6% less time than with 500, and KL is 0.2%
# higher.
MOST_NODES = 430
# A grid has room for a layout that grows by this much.
SLACK = 1.12
# Up to this many nodes across, there is one transform in float64, padded to twice the size; beyond, two levels in
# float32, which takes half the time.
SMALL = 80


@dataclass(frozen=True, eq=False)
class Coarse:
    """The coarse grid, for the smooth part of the kernel.

    Attributes:
        nodes: Number of nodes along each side.
        padded: Number of nodes along each side of the transform, at least 2 * nodes.
        transform: float32 (padded, padded // 2 + 1), transform of the smooth part, both splines divided out.
    """

    nodes: int
    padded: int
    transform: np.ndarray


@dataclass(frozen=True, eq=False)
class Grid:
    """A square grid and the transform of the kernel on it.

    Attributes:
        nodes: Number of nodes along each side.
        padded: Number of nodes along each side of the transform, even and with small prime factors.
        spacing: Distance of two nodes.
        transform: float (padded, padded // 2 + 1), transform of the kernel, both splines divided out.
        coarse: The coarse grid, if the smooth part of the kernel is not in ``transform``; None for a small grid.
        own: float32 (2,), how the energy of a point with itself varies within a cell, see `self_energy`.
        own_mean: The mean of that energy.
        level: The number subtracted from the kernel, to keep digits of a very small layout: 1 or 0.
    """

    nodes: int
    padded: int
    spacing: float
    transform: np.ndarray
    coarse: Coarse | None
    own: np.ndarray
    own_mean: float
    level: float

    @property
    def reach(self) -> float:
        """How far from the middle a point may be."""
        return (self.nodes / 2 - MARGIN) * self.spacing


def spacing_for(half: float, largest: float = SPACING) -> float:
    """Choose the distance of nodes, mostly at most ``largest``, for a layout that is 2 * ``half`` wide."""
    return max(min(largest, max(FINEST, half / 24)), half / MOST_NODES)


def nodes_for(half: float, spacing: float) -> int:
    """Number of nodes along each side for a layout that is 2 * ``half`` wide."""
    return max(int(np.ceil(2 * (SLACK * half / spacing + MARGIN))), LEAST_NODES)


def size_for(half: float, spacing: float) -> int:
    """Number of nodes along each side of the transform for a layout that is 2 * ``half`` wide."""
    nodes = nodes_for(half, spacing)
    return fast_size(2 * nodes if nodes <= SMALL else nodes + PADDING)


def fast_size(wanted: int) -> int:
    """Return an even number with small prime factors, at least ``wanted``.

    It is twice a fast length: a fast length that is made even, such as 626 = 2 x 313 from 625, can take five times as
    long.
    """
    return 2 * int(fft.next_fast_len(-(-wanted // 2), real=True))


def grid_for(half: float, spacing: float) -> Grid:
    """Make a grid for a layout that is 2 * ``half`` wide, with room to grow.

    Source: Linderman et al. 2019 (kernels on a grid); Essmann et al. 1995, section II (splines instead of Lagrange).
    """
    padded = size_for(half, spacing)
    if nodes_for(half, spacing) <= SMALL:
        # 1 / (1 + d2) - 1 in a form that keeps the digits of small distances
        transform, near = transform_of(lambda squared: -squared / (1 + squared), padded, spacing)
        own_mean, *own = self_energy(near)
        return Grid(padded // 2, padded, spacing, transform, None, np.array(own, np.float32), own_mean, 1.0)
    rate = SPLIT / (FACTOR * spacing) ** 2
    nodes = padded - PADDING
    transform, near = transform_of(lambda squared: narrow_part(squared, rate), padded, spacing)
    own_mean, *own = self_energy(near)
    # the smooth part is constant within a cell
    own_mean += float(smooth_part(np.zeros(1), rate)[0])
    many = coarse_nodes(nodes)
    wide = fast_size(2 * many)
    smooth, _ = transform_of(lambda squared: smooth_part(squared, rate), wide, FACTOR * spacing)
    coarse = Coarse(many, wide, smooth.astype(np.float32))
    return Grid(nodes, padded, spacing, transform.astype(np.float32), coarse, np.array(own, np.float32), own_mean, 0.0)


def transform_of(
    kernel: Callable[[np.ndarray], np.ndarray], padded: int, spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Transform a periodic kernel of the squared distance, for splines that pass through its values at the nodes.

    Both spreading and interpolating smooth by the spline, so the transform is divided by the square of the spline's
    transform in each direction.

    Args:
        kernel: Takes float64 squared distances.
        padded: Number of nodes in a period, even.
        spacing: Distance of two nodes.

    Returns:
        float64 (padded, padded // 2 + 1), and float64 (4, 4): potential of a node at nodes up to 3 nodes away.
    """
    many = padded // 2 + 1
    steps = (np.arange(many) * spacing) ** 2
    # the transform of an even function is even and real, so a quarter of it is enough
    quarter = fft.dctn(kernel(steps[:, None] + steps[None, :]), type=1, overwrite_x=True)
    angles = 2 * np.pi * np.arange(many) / padded
    spline = (4 + 2 * np.cos(angles)) / 6
    quarter /= (spline[:, None] * spline[None, :]) ** 2
    back = np.cos(angles[:, None] * np.arange(4)) * 2 / padded
    back[[0, -1]] /= 2
    rows = np.minimum(np.arange(padded), padded - np.arange(padded))
    return quarter[rows], np.einsum("ka,kl,lb->ab", back, quarter, back, optimize=True)


def self_energy(near: np.ndarray) -> tuple[float, float, float]:
    """Expand the energy of a point with itself through the grid, which should be constant but varies within a cell.

    It is e0 + e1 (cos 2 pi f + cos 2 pi g) + e2 cos 2 pi f cos 2 pi g at the fractions f and g of a cell, to 0.1%.
    Where points are far apart, its slope is the larger part of the error of a grid.

    Args:
        near: float64 (4, 4), potential of a node at nodes up to 3 nodes away.

    Returns:
        e0, e1 and e2.
    """
    # overlaps of the spline's weights with themselves, shifted by 0 to 3 nodes; twice, for both directions
    overlaps = []
    for weights in (np.array([1, 4, 1, 0]) / 6, np.array([1, 23, 23, 1]) / 48):
        sums = np.array([weights[: 4 - shift] @ weights[shift:] for shift in range(4)])
        overlaps.append(sums * [1, 2, 2, 2])
    node, middle = overlaps
    at_node, between, at_middle = node @ near @ node, node @ near @ middle, middle @ near @ middle
    return (
        float(at_node + 2 * between + at_middle) / 4,
        float(at_node - at_middle) / 4,
        float(at_node - 2 * between + at_middle) / 4,
    )


# Where the kernel is split, in units of the coarse grid: with this value the error of Z is 5e-5 at a spacing of 0.25,
# with twice as much up to 3e-4; the rest of the narrow part across the padding is a tenth of 1.5e-3, and acts
# between opposite ends only.
SPLIT = 0.15
# Empty fine nodes beyond the layout, to keep the narrow part from acting across the ends: four coarse nodes.
PADDING = 32


def _two_scale() -> np.ndarray:
    """Weights of the 29 fine splines that add up to a coarse one."""
    weights = np.ones(1)
    for _ in range(FACTOR.bit_length() - 1):
        wider = np.zeros(2 * len(weights) - 1)
        wider[::2] = weights
        weights = np.convolve(wider, np.array([1, 4, 6, 4, 1]) / 8)
    return weights.astype(np.float32)


WEIGHTS = _two_scale()


def coarse_nodes(nodes: int) -> int:
    """Number of coarse nodes along each side whose splines reach into a grid of ``nodes``."""
    return (nodes - 1 + BEFORE) // FACTOR + 1


def narrow_part(squared: np.ndarray, rate: float) -> np.ndarray:
    """The part of 1 / (1 + d2) that decays like exp(-rate * d2): the integral of exp(-t (1 + d2)) from ``rate`` up."""
    return np.exp(-rate * (1 + squared)) / (1 + squared)


def smooth_part(squared: np.ndarray, rate: float) -> np.ndarray:
    """The rest of 1 / (1 + d2): the integral from 0 to ``rate``."""
    return -np.expm1(-rate * (1 + squared)) / (1 + squared)


def coarsen(charges: np.ndarray, nodes: int) -> np.ndarray:
    """Sum charges at fine nodes into charges at coarse nodes.

    Args:
        charges: float32 (nodes or more, nodes or more).
        nodes: Number of fine nodes along each side.

    Returns:
        float32 (coarse, coarse), transposed, as `refine` takes the potential.
    """
    rows = np.zeros((coarse_nodes(nodes), nodes), np.float32)
    gather(charges, nodes, WEIGHTS, rows)
    both = np.zeros((len(rows), len(rows)), np.float32)
    gather(np.ascontiguousarray(rows.T), nodes, WEIGHTS, both)
    return both


def refine(coarse: np.ndarray, fine: np.ndarray, nodes: int) -> None:
    """Add the potential at coarse nodes to that at fine nodes.

    Args:
        coarse: float32 (coarse, coarse), transposed.
        fine: float32 (nodes or more, nodes or more), added to.
        nodes: Number of fine nodes along each side.
    """
    rows = np.zeros((nodes, len(coarse)), np.float32)
    scatter(np.ascontiguousarray(coarse), WEIGHTS, rows, nodes)
    scatter(np.ascontiguousarray(rows.T), WEIGHTS, fine, nodes)
