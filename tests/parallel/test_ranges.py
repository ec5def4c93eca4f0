"""Threads that share rows, and the limit they set to those of BLAS."""

from weakref import ref

import numpy as np
from threadpoolctl import threadpool_info

from cutaway.parallel.ranges import in_threads, ranges


def blas():
    import scipy.linalg  # noqa: F401  # loads the BLAS that is limited

    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_ranges_cover_everything_once():
    assert ranges(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert ranges(0, 4) == []


def test_results_come_in_order_with_their_ends():
    found = list(in_threads(lambda low, high: (low, high), ranges(1000, 7)))
    assert found == [(high, (low, high)) for low, high in ranges(1000, 7)]


def test_a_result_is_let_go_once_it_was_handed_on():
    alive = []

    def work(low, high):
        result = np.zeros(1)
        alive.append(ref(result))
        return result

    for high, result in in_threads(work, ranges(60, 1)):
        del result
        if high == 60:
            assert sum(each() is not None for each in alive) <= 1
    assert len(alive) == 60


def test_overlapping_searches_give_blas_its_threads_back():
    before = blas()
    one = in_threads(lambda low, high: blas(), ranges(4, 1), products=True)
    other = in_threads(lambda low, high: blas(), ranges(4, 1), products=True)
    assert set(next(one)[1]) == {1}
    next(other)
    one.close()
    assert set(next(other)[1]) == {1}
    other.close()
    assert blas() == before


def test_who_stops_listening_ends_the_work():
    seen = []
    for high, _ in in_threads(lambda low, high: seen.append(low), ranges(100_000, 1)):
        if high == 5:
            break
    assert len(seen) < 100_000
