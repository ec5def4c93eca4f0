"""Numba kernels of affinities: calibration of rows, the symmetric sum, and the sums of the divergence.

Imported only by `cutaway.embedding.affinities` when it is first asked to work, because it loads Numba.
"""

import math

import numpy as np

from .compiled import kernel

# In nats. Newton needs 5 steps on most rows; halvings of the bracket take over where it would leave it.
STEPS = 100
TOLERANCE = 1e-8


@kernel(inner=True, fastmath={"reassoc", "contract"})
def _weigh(squared, beta, out):
    """Write exp(-beta (squared - least)) and return its sum, and the mean and variance of the differences under it."""
    total, first, second = 0.0, 0.0, 0.0
    for j in range(len(squared)):
        far = np.float64(squared[j]) - np.float64(squared[0])
        weight = math.exp(-beta * far)
        out[j] = weight
        total += weight
        first += weight * far
        second += weight * far * far
    mean = first / total
    return total, mean, max(second / total - mean * mean, 0.0)


@kernel()
def calibrate(squared, perplexity, out, low, high):
    """Write the conditional affinities of the rows from ``low`` to ``high``.

    Each row is exp(-beta d2) / sum with the beta at which its entropy is log(perplexity), to 1e-8 nats. Where no beta
    reaches that, the row is the limit: uniform over all neighbours where these are no more than the perplexity or all
    equally far, uniform over the nearest where at least ``perplexity`` of them are equally near.

    Args:
        squared: float32 (n, k), squared distances, ascending in each row.
        perplexity: At least 1.
        out: float32 (n, k), written; each row sums to 1.
        low: First row.
        high: One past the last row.

    Source: van der Maaten and Hinton 2008, equation 1 and section 2.
    """
    k = squared.shape[1]
    goal = math.log(perplexity)
    weights = np.empty(k)
    for i in range(low, high):
        row = squared[i]
        ties = 0
        while ties < k and row[ties] == row[0]:
            ties += 1
        if ties == k or ties >= perplexity or k <= perplexity:
            members = k if ties == k or k <= perplexity else ties
            for j in range(k):  # assigning slices would take 2 s more to compile
                out[i, j] = 1.0 / members if j < members else 0.0
            continue
        spread = 0.0
        for j in range(k):
            spread += np.float64(row[j]) - np.float64(row[0])
        # log beta, because beta spans many orders of magnitude and the entropy is near linear in its logarithm
        at, least, most = -math.log(spread / k), -math.inf, math.inf
        total = 1.0
        for _ in range(STEPS):
            beta = math.exp(at)
            total, mean, variance = _weigh(row, beta, weights)
            excess = math.log(total) + beta * mean - goal
            if abs(excess) < TOLERANCE:
                break
            if excess > 0:
                least = at
            else:
                most = at
            slope = beta * beta * variance
            step = excess / slope if slope > 0 else math.inf
            ahead = at + min(max(step, -2.0), 2.0)
            if not least < ahead < most:
                ahead = (least + most) / 2
            at = ahead
        for j in range(k):
            out[i, j] = weights[j] / total


@kernel()
def turn(index, value, start, origin, given):
    """Transpose rows of k neighbours to lists of those whose neighbour a row is, ascending.

    Args:
        index: int32 (n, k).
        value: float32 (n, k).
        start: int64 (n + 1,), written: where each list begins.
        origin: int32 (n k,), written: the row that an entry comes from.
        given: float32 (n k,), written: its value there.
    """
    n, k = index.shape
    for i in range(n + 1):
        start[i] = 0
    for i in range(n):
        for j in range(k):
            start[index[i, j]] += 1
    total = 0
    for i in range(n):
        start[i], total = total, total + start[i]
    for i in range(n):
        for j in range(k):
            place = start[index[i, j]]
            origin[place], given[place] = i, value[i, j]
            start[index[i, j]] = place + 1
    # each list now begins where the one before it ended
    for i in range(n, 0, -1):
        start[i] = start[i - 1]
    start[0] = 0


@kernel()
def turn_back(start, origin, given, filled, column, value):
    """Transpose the lists of `turn` back to rows, which brings the columns of each row in ascending order.

    Args:
        start: From `turn`, as are ``origin`` and ``given``.
        origin: See ``start``.
        given: See ``start``.
        filled: int32 (n,), zeros; counts the entries of each row.
        column: int32 (n, k), written.
        value: float32 (n, k), written.
    """
    for row in range(len(start) - 1):
        for entry in range(start[row], start[row + 1]):
            i = origin[entry]
            column[i, filled[i]], value[i, filled[i]] = row, given[entry]
            filled[i] += 1


@kernel()
def add_transpose(index, value, start, origin, given, begin, column, joint, count_only, low, high):
    """Merge rows of neighbours with their transpose: (p_j|i + p_i|j) / 2n, columns ascending.

    Args:
        index: int32 (n, k), ascending in each row, of `turn_back`.
        value: float32 (n, k).
        start: From `turn`, as are ``origin`` and ``given``.
        origin: See ``start``.
        given: See ``start``.
        begin: int64 (n + 1,); counting, entry i + 1 is set to the entries of row i; else where each row begins.
        column: int32 (m,), written unless counting.
        joint: float32 (m,), written unless counting.
        count_only: Whether to count.
        low: First row.
        high: One past the last row.
    """
    n, k = index.shape
    scale = 0.5 / n
    for i in range(low, high):
        a, b, filled = 0, start[i], 0
        at = begin[i]
        while a < k or b < start[i + 1]:
            one = index[i, a] if a < k else n
            two = origin[b] if b < start[i + 1] else n
            total = 0.0
            if one <= two:
                total += value[i, a]
                a += 1
            if two <= one:
                total += given[b]
                b += 1
            if not count_only:
                column[at + filled] = min(one, two)
                joint[at + filled] = total * scale
            filled += 1
        if count_only:
            begin[i + 1] = filled


@kernel(fastmath={"reassoc", "contract"})
def kernel_sum(x, y, low, high):
    """Add up 1 / (1 + squared distance) over pairs of a row from ``low`` to ``high`` and any later row."""
    total = 0.0
    for i in range(low, high):
        row = 0.0
        for j in range(i + 1, len(x)):
            row += 1.0 / (1.0 + (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2)
        total += row
    return total


@kernel()
def cross_terms(start, index, value, x, y, low, high):
    """Add up p log(p (1 + squared distance)), and p, over the entries of the rows from ``low`` to ``high``."""
    total, mass = 0.0, 0.0
    for i in range(low, high):
        for entry in range(start[i], start[i + 1]):
            p, j = np.float64(value[entry]), index[entry]
            if p > 0:
                total += p * math.log(p * (1.0 + (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2))
                mass += p
    return total, mass
