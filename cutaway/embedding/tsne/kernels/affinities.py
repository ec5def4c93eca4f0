"""Kernels of affinities: calibrating rows, symmetrizing the matrix, and the sums of the KL divergence."""

import math

import numpy as np

from cutaway.neighbors import U, kernel

# Newton's method needs 5 steps on most rows; where it would leave the bracket, the bracket is halved. In nats.
MAX_STEPS = 100
TOLERANCE = 1e-8
# Shift of an entry's upper half, and mask of its lower half, see `transpose`.
UPPER, LOWER = U(32), U(0xFFFFFFFF)


@kernel(inner=True, fastmath={"reassoc", "contract"})
def _weigh(squared, beta, out):
    """Write exp(-beta (squared - least)); return its sum, and the mean and variance of the differences under it."""
    total, first, second = 0.0, 0.0, 0.0
    for j in range(len(squared)):
        far = np.float64(squared[j]) - np.float64(squared[0])
        weight = math.exp(-beta * far)
        out[j] = weight
        total += weight
        first += weight * far
        second += weight * far * far
    mean = first / total
    variance = second / total - mean * mean
    return total, mean, variance if variance > 0 else 0.0


@kernel()
def calibrate(squared, perplexity, out, low, high):
    """Write the conditional affinities of the rows from ``low`` to ``high``.

    Each row is exp(-beta d2) / sum with the beta at which its entropy is log(perplexity), to 1e-8 nats. If no beta
    reaches that, the row is the limit: uniform over all neighbors if there are no more than the perplexity or all are
    equally far, uniform over the nearest if at least ``perplexity`` of them are equally near.

    Args:
        squared: float32 (n, k), squared distances, ascending in each row.
        perplexity: At least 1.
        out: float32 (n, k), written; each row sums to 1.
        low: First row.
        high: The row after the last one.

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
            for j in range(k):  # assigning slices would take 2 s longer to compile
                out[i, j] = 1.0 / members if j < members else 0.0
            continue
        spread = 0.0
        for j in range(k):
            spread += np.float64(row[j]) - np.float64(row[0])
        # log beta, because beta spans many orders of magnitude and the entropy is nearly linear in its logarithm
        at, least, most = -math.log(spread / k), -math.inf, math.inf
        total = 1.0
        for _ in range(MAX_STEPS):
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
            ahead = at + (-2.0 if step < -2 else 2.0 if step > 2 else step)
            if not least < ahead < most:
                ahead = (least + most) / 2
            at = ahead
        for j in range(k):
            out[i, j] = weights[j] / total


@kernel()
def transpose(entries, place, out, low, high):
    """Write the rows that hold each column from ``low`` to ``high``, ascending, with the values there.

    An entry, uint64, has a row or column number in its upper half and the bits of a float32 in its lower half: NumPy's
    fast sort of integers sorts entries by number, and a scattered write moves both at once. Every range of columns
    reads all entries, which is fast compared with the writes.

    Args:
        entries: uint64 (n, k), columns and values.
        place: int64 (n,), where the list of each column begins; afterwards where it ends.
        out: uint64 (n k,), written: rows and values, column by column.
        low: First column.
        high: The column after the last one.
    """
    for row in range(len(entries)):
        for entry in entries[row]:
            column = np.int64(entry >> UPPER)
            if low <= column < high:
                out[U(place[column])] = (U(row) << UPPER) | (entry & LOWER)
                place[column] += 1


@kernel()
def add_transpose(entries, start, mirrored, begin, column, joint, count_only, low, high):
    """Merge rows of neighbors with their transpose: (p_j|i + p_i|j) / 2n, columns ascending.

    Args:
        entries: uint64 (n, k), ascending in each row, see `transpose`.
        start: int64 (n + 1,), where each row of the transpose begins in the next one.
        mirrored: uint64 (n k,), ascending in each row.
        begin: int64 (n + 1,); when counting, entry i + 1 is set to the number of entries of row i; otherwise where each
            row begins.
        column: int32 (m,), written unless counting.
        joint: float32 (m,), written unless counting.
        count_only: Whether to count entries instead of writing them.
        low: First row.
        high: The row after the last one.
    """
    n, k = entries.shape
    scale, beyond = 0.5 / n, U(n) << UPPER
    for i in range(low, high):
        a, b, last, filled = 0, U(start[i]), U(start[i + 1]), U(0)
        at = U(begin[i])
        while a < k or b < last:
            one = entries[i, a] if a < k else beyond
            two = mirrored[b] if b < last else beyond
            least = one >> UPPER if one < two else two >> UPPER
            total = 0.0
            if one >> UPPER == least:
                total += np.uint32(one & LOWER).view(np.float32)
                a += 1
            if two >> UPPER == least:
                total += np.uint32(two & LOWER).view(np.float32)
                b += U(1)
            if not count_only:
                column[at + filled] = least
                joint[at + filled] = total * scale
            filled += U(1)
        if count_only:
            begin[i + 1] = filled


@kernel(fastmath={"reassoc", "contract"})
def kernel_sum(x, y, low, high):
    """Sum 1 / (1 + squared distance) over the pairs of a row from ``low`` to ``high`` and any later row."""
    total = 0.0
    for i in range(low, high):
        row = 0.0
        for j in range(i + 1, len(x)):
            row += 1.0 / (1.0 + (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2)
        total += row
    return total


@kernel()
def cross_terms(start, index, value, x, y, low, high):
    """Sum p log(p (1 + squared distance)), and p, over the entries of the rows from ``low`` to ``high``.

    The matrix is symmetric, so only entries above the diagonal are read: a logarithm takes 8 ns.
    """
    total, mass = 0.0, 0.0
    for i in range(low, high):
        for entry in range(U(start[i]), U(start[i + 1])):
            p, j = np.float64(value[entry]), U(index[entry])
            if j > U(i) and p > 0:
                total += p * math.log(p * (1.0 + (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2))
                mass += p
    return 2 * total, 2 * mass
