"""Repulsive forces through a grid: spreading points over nodes, filtering a spectrum, and the slope at each point."""

import numpy as np

from cutaway.neighbors import U, kernel

# A point feels half the slope of its own energy: the other half is how its charge moves.
TURN = np.float32(np.pi)
# Least squares fits on (-pi, pi): the errors are 7e-4 and 1e-4.
SINE = tuple(np.float32(each) for each in (-0.99944915, 0.16583729, -0.0079982764, 0.00014771881))
COSINE = tuple(np.float32(each) for each in (-0.99997103, 0.49983729, -0.041522106, 0.0013440665, -1.9062736e-05))


@kernel(inner=True)
def spline(f: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Cubic B-spline weights of the four nodes around a point at ``f`` beyond the second one, 0 <= f < 1."""
    sixth, g = np.float32(1 / 6), np.float32(1) - f
    ff, gg = f * f, g * g
    first, last = gg * g * sixth, ff * f * sixth
    second = np.float32(2 / 3) - ff + ff * f * np.float32(0.5)
    return first, second, np.float32(1) - first - second - last, last


@kernel(inner=True)
def spline_slope(f: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Derivatives of `spline` with respect to ``f``."""
    half, g = np.float32(0.5), np.float32(1) - f
    first, last = -half * g * g, half * f * f
    second = f * (np.float32(1.5) * f - np.float32(2))
    return first, second, -first - second - last, last


@kernel(fastmath={"contract"})
def spread(xy: np.ndarray, corner: np.ndarray, scale: np.float32, charges: np.ndarray) -> None:
    """Add each point to the 16 nodes around it; on one thread, which keeps the order of the sums.

    Args:
        xy: float32 (n, 2), inside the grid by 2 nodes.
        corner: float32 (2,), coordinates of node (0, 0).
        scale: Nodes per unit of length.
        charges: (nodes or more, nodes or more), added to.
    """
    for i in range(len(xy)):
        u, v = (xy[i, 0] - corner[0]) * scale, (xy[i, 1] - corner[1]) * scale
        row, column = int(u), int(v)
        across = spline(v - np.float32(column))
        down = spline(u - np.float32(row))
        for a in range(4):
            for b in range(4):
                charges[row + a - 1, column + b - 1] += down[a] * across[b]


@kernel(fastmath={"reassoc", "contract"})
def filter_spectrum(spectrum: np.ndarray, transform: np.ndarray) -> float:
    """Multiply the spectrum of real charges by a transform and return sum |wave|^2 * transform over all waves.

    Divided by the number of nodes this is the sum of charge times potential, without reading the nodes again: large
    grids are limited by memory bandwidth.

    Args:
        spectrum: float (padded, padded + 2), padded even: alternating real and imaginary parts; multiplied in place.
        transform: float (padded, padded // 2 + 1).

    Source: Parseval's theorem.
    """
    total, last = 0.0, transform.shape[1] - 1
    for row in range(len(spectrum)):
        inner, edges = 0.0, 0.0
        # all columns except the first and the last also stand for their mirror image
        for column in (0, last):
            real, imaginary = spectrum[row, 2 * column], spectrum[row, 2 * column + 1]
            edges += np.float64((real * real + imaginary * imaginary) * transform[row, column])
        for column in range(U(last + 1)):
            real, imaginary = spectrum[row, U(2) * column], spectrum[row, U(2) * column + U(1)]
            factor = transform[row, column]
            inner += np.float64((real * real + imaginary * imaginary) * factor)
            spectrum[row, U(2) * column], spectrum[row, U(2) * column + U(1)] = real * factor, imaginary * factor
        total += 2 * inner - edges
    return total


@kernel(inner=True)
def waves(f: np.float32) -> tuple[np.float32, np.float32]:
    """Sine and cosine of 2 pi f for 0 <= f < 1, with errors below 1e-3, by polynomials around f = 0.5."""
    t = np.float32(2 * np.pi) * (f - np.float32(0.5))
    tt = t * t
    # the polynomials approximate minus sine and minus cosine on (-pi, pi)
    sine = t * (SINE[0] + tt * (SINE[1] + tt * (SINE[2] + tt * SINE[3])))
    cosine = COSINE[0] + tt * (COSINE[1] + tt * (COSINE[2] + tt * (COSINE[3] + tt * COSINE[4])))
    return sine, cosine


@kernel(fastmath={"contract"})
def repulsive_forces(
    potential: np.ndarray,
    corner: np.ndarray,
    scale: np.float32,
    own: np.ndarray,
    xy: np.ndarray,
    force: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write sum_j (y_i - y_j) / (1 + |y_i - y_j|^2)^2 to ``force`` (n, 2) for the rows from low to high.

    Args:
        potential: float32 (nodes or more, nodes or more), spline coefficients.
        corner: float32 (2,), coordinates of node (0, 0).
        scale: Nodes per unit of length.
        own: float32 (2,), as `Grid.own`: e1 and e2 of the energy of a point with itself through the grid, whose slope
            is subtracted.
        xy: float32 (n, 2), inside the grid by 2 nodes.
        force: float32 (n, 2), written.
        low: First row.
        high: The row after the last one.
    """
    e1, e2 = own[0], own[1]
    for i in range(low, high):
        u, v = (xy[i, 0] - corner[0]) * scale, (xy[i, 1] - corner[1]) * scale
        row, column = int(u), int(v)
        f, g = u - np.float32(row), v - np.float32(column)
        down, across = spline(f), spline(g)
        down_slope, across_slope = spline_slope(f), spline_slope(g)
        fx = fy = np.float32(0)
        for a in range(4):
            value = slope = np.float32(0)
            for b in range(4):
                node = potential[row + a - 1, column + b - 1]
                value += across[b] * node
                slope += across_slope[b] * node
            fx += down_slope[a] * value
            fy += down[a] * slope
        sine_f, cosine_f = waves(f)
        sine_g, cosine_g = waves(g)
        fx += TURN * sine_f * (e1 + e2 * cosine_g)
        fy += TURN * sine_g * (e1 + e2 * cosine_f)
        force[i, 0] = np.float32(-0.5) * scale * fx
        force[i, 1] = np.float32(-0.5) * scale * fy
