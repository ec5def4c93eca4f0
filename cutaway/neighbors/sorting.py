"""Kernels that sort and select pairs in place; NumPy's own functions take seconds each to compile inside Numba."""

import numpy as np

from .compiled import kernel

# Source: Ciura 2001, table 1.
GAPS = (701, 301, 132, 57, 23, 10, 4, 1)


@kernel(inner=True)
def sort_pairs(keys, values):
    """Sort ``keys`` ascending, and ``values`` with them; meant for some hundred keys.

    Source: Shell 1959.
    """
    # a signed index could count from the end, which costs three more instructions
    size = np.uint64(len(keys))
    for each in GAPS:
        gap = np.uint64(each)
        for i in range(gap, size):
            key, value = keys[i], values[i]
            place = i
            while place >= gap and keys[place - gap] > key:
                keys[place], values[place] = keys[place - gap], values[place - gap]
                place -= gap
            keys[place], values[place] = key, value


@kernel(inner=True)
def select_pairs(keys, values, count, keep):
    """Move the ``keep`` smallest of the first ``count`` keys to the front, with their values; return their largest.

    Source: Hoare 1961 (quickselect).
    """
    low, high, target = 0, count - 1, keep - 1
    while low < high:
        pivot = keys[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if target <= j:
            high = j
        elif target >= i:
            low = i
        else:
            break
    return keys[target]
