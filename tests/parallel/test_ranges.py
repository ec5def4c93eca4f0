"""Ranges of rows, shared among threads."""

import time
from weakref import ref

import numpy as np
from threadpoolctl import threadpool_info

from cutaway.parallel import map_ranges, ranges, run_ranges


def blas_threads():
    import scipy.linalg  # noqa: F401  # loads the BLAS that is limited

    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_ranges_cover_everything_once():
    assert ranges(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert ranges(0, 4) == []


def test_results_come_in_order_with_their_ends():
    found = list(map_ranges(lambda start, stop: (start, stop), ranges(1000, 7)))
    assert found == [(stop, (start, stop)) for start, stop in ranges(1000, 7)]


def test_run_ranges_does_everything_once():
    seen = np.zeros(1000, int)

    def work(start, stop):
        seen[start:stop] += 1

    run_ranges(work, ranges(1000, 7))
    assert (seen == 1).all()


def test_a_result_is_freed_once_it_was_yielded():
    alive = []

    def work(start, stop):
        result = np.zeros(1)
        alive.append(ref(result))
        return result

    for stop, result in map_ranges(work, ranges(60, 1)):
        del result
        if stop == 60:
            assert sum(each() is not None for each in alive) <= 1
    assert len(alive) == 60


def test_overlapping_searches_give_blas_its_threads_back():
    before = blas_threads()
    one = map_ranges(lambda start, stop: blas_threads(), ranges(4, 1), single_blas=True)
    other = map_ranges(lambda start, stop: blas_threads(), ranges(4, 1), single_blas=True)
    assert set(next(one)[1]) == {1}
    next(other)
    one.close()
    assert set(next(other)[1]) == {1}
    other.close()
    assert blas_threads() == before


def test_leaving_the_loop_ends_the_work():
    seen = []

    def work(start, stop):
        seen.append(start)
        time.sleep(1e-3)

    for stop, _ in map_ranges(work, ranges(10_000, 1)):
        if stop == 5:
            break
    assert len(seen) < 5000
