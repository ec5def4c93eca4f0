"""The lattice that stands for the plane, and the transform of the kernel on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

from .kernels.two_level import CUT, FACTOR, ROOM, coarse_nodes, narrow_part, smooth_part

# Typed as any: the annotations that come with SciPy are those of its dispatcher. One thread, which the others outrun at
# the attraction meanwhile; two take longer than one here (540 x 540: 1.0 ms against 0.55).
fft: Any = scipy.fft

# Distance of grid nodes in units of the layout, whose kernel has width 1.
SPACING = 0.8
FINEST = 0.1
# Nodes across a small layout; a cubic spline reaches 2 nodes beyond a point, the others let the layout grow.
LEAST_NODES = 24
MARGIN = 4
# Half the nodes across: a layout wider than 688, as of some 140,000 points, is interpolated more coarsely, since
# transforms that outgrow the cache take more than their share. At 280,000 points a descent is 6 % shorter than with
# 500, and its KL 0.2 % higher.
MOST_NODES = 430
# A grid has room for a layout that grows by this much.
SLACK = 1.12
# Up to this many nodes across, one transform with as much empty room again, in float64; beyond, the kernel is taken in
# two parts, in float32, which takes half the time.
SMALL = 80


@dataclass(frozen=True, eq=False)
class Coarse:
    """The lattice of the kernel's smooth part.

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
    """A square lattice and the transform of the kernel on it.

    Attributes:
        nodes: Number of nodes along each side.
        padded: Number of nodes along each side of the transform, even and with small prime factors.
        spacing: Distance of two nodes.
        transform: float (padded, padded // 2 + 1), transform of the kernel, both splines divided out.
        coarse: Has the kernel's smooth part, which then is not in ``transform``; None for a small grid.
        own: float32 (2,), waves of a point's energy with itself, see `self_waves`.
        own_mean: The mean of that energy.
        level: What was taken from the kernel, so that a layout near one point keeps its digits: 1 or 0.
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
        """How far from the middle a point may lie."""
        return (self.nodes / 2 - MARGIN) * self.spacing


def spacing_for(half: float, widest: float = SPACING) -> float:
    """Choose the distance of nodes, at most ``widest``, for a layout that reaches ``half`` from its middle."""
    return max(min(widest, max(FINEST, half / 24)), half / MOST_NODES)


def nodes_for(half: float, spacing: float) -> int:
    """Count the nodes along each side that a layout needs which reaches ``half`` from its middle."""
    return max(int(np.ceil(2 * (SLACK * half / spacing + MARGIN))), LEAST_NODES)


def size_for(half: float, spacing: float) -> int:
    """Count the nodes along each side of the transform for a layout that reaches ``half`` from its middle."""
    nodes = nodes_for(half, spacing)
    return fast_size(2 * nodes if nodes <= SMALL else nodes + ROOM)


def fast_size(wanted: int) -> int:
    """Return an even number of small prime factors, ``wanted`` at least.

    It is twice a fast length: made even afterwards, 625 would be 626 = 2 x 313, which takes five times as long.
    """
    return 2 * int(fft.next_fast_len(-(-wanted // 2), real=True))


def grid_for(half: float, spacing: float) -> Grid:
    """Lay a grid over a layout that reaches ``half`` from its middle, with room to grow.

    Source: Linderman et al. 2019 (kernels on a grid); Essmann et al. 1995, section II (splines instead of Lagrange).
    """
    padded = size_for(half, spacing)
    if nodes_for(half, spacing) <= SMALL:
        # 1 / (1 + d2) - 1, written so that small distances keep their digits
        transform, near = transform_of(lambda squared: -squared / (1 + squared), padded, spacing)
        own_mean, *waves = self_waves(near)
        return Grid(padded // 2, padded, spacing, transform, None, np.array(waves, np.float32), own_mean, 1.0)
    rate = CUT / (FACTOR * spacing) ** 2
    nodes = padded - ROOM
    transform, near = transform_of(lambda squared: narrow_part(squared, rate), padded, spacing)
    own_mean, *waves = self_waves(near)
    # the smooth part is the same all over a cell
    own_mean += float(smooth_part(np.zeros(1), rate)[0])
    many = coarse_nodes(nodes)
    wide = fast_size(2 * many)
    smooth, _ = transform_of(lambda squared: smooth_part(squared, rate), wide, FACTOR * spacing)
    coarse = Coarse(many, wide, smooth.astype(np.float32))
    return Grid(
        nodes, padded, spacing, transform.astype(np.float32), coarse, np.array(waves, np.float32), own_mean, 0.0
    )


def transform_of(
    kernel: Callable[[np.ndarray], np.ndarray], padded: int, spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Transform a kernel of the squared distance, periodic, for splines that pass through its values at the nodes.

    Interpolating from both sides divides the transform by the square of the spline's, in each direction.

    Args:
        kernel: Of float64 squared distances.
        padded: Period in nodes, even.
        spacing: Distance of two nodes.

    Returns:
        float64 (padded, padded // 2 + 1), and float64 (4, 4): effect of a node on those up to 3 nodes away.
    """
    many = padded // 2 + 1
    steps = (np.arange(many) * spacing) ** 2
    # an even function's transform is even and real: a quarter of it tells all
    quarter = fft.dctn(kernel(steps[:, None] + steps[None, :]), type=1, overwrite_x=True)
    angles = 2 * np.pi * np.arange(many) / padded
    spline = (4 + 2 * np.cos(angles)) / 6
    quarter /= (spline[:, None] * spline[None, :]) ** 2
    back = np.cos(angles[:, None] * np.arange(4)) * 2 / padded
    back[[0, -1]] /= 2
    rows = np.minimum(np.arange(padded), padded - np.arange(padded))
    return quarter[rows], np.einsum("ka,kl,lb->ab", back, quarter, back, optimize=True)


def self_waves(near: np.ndarray) -> tuple[float, float, float]:
    """Expand the energy that the grid gives a point with itself, which should be the same everywhere and is not.

    It is e0 + e1 (cos 2 pi f + cos 2 pi g) + e2 cos 2 pi f cos 2 pi g at shares f and g of a cell, to 0.1 %. Where
    points lie apart its slope is the larger part of what a grid gets wrong.

    Args:
        near: float64 (4, 4), effect of a node on those up to 3 nodes away.

    Returns:
        e0, e1 and e2.
    """
    # overlaps of the spline's weights with themselves, moved by 0 to 3 nodes; twice, since also backwards
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
