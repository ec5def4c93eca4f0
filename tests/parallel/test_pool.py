import time
from contextlib import ExitStack

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from cutaway.parallel import WorkerPool, ranges, single_threaded_blas, single_threaded_openmp


def blas_threads():
    import scipy.linalg  # noqa: F401  # loads the BLAS that is limited

    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("threads", [1, 3])
def test_run_does_each_range_once(threads):
    seen = np.zeros(1001, int)

    def work(start, stop):
        seen[start:stop] += 1

    with WorkerPool(threads) as pool:
        for _ in range(20):
            pool.run(work, ranges(1001, 10))
    assert (seen == 20).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_an_exception_in_a_range_ends_the_run(threads):
    def work(start, stop):
        if start >= 50:
            raise ValueError("range")

    with WorkerPool(threads) as pool, pytest.raises(ValueError, match="range"):
        pool.run(work, ranges(1000, 10))


@pytest.mark.parametrize("threads", [1, 3])
def test_submit_and_map_return_results_in_order(threads):
    with WorkerPool(threads) as pool:
        assert pool.submit(pow, 2, 5).result() == 32
        assert list(pool.map(pow, [2, 3, 4], [3, 2, 1])) == [8, 9, 4]
        assert list(pool.map_ranges(lambda start, stop: start, ranges(10, 4))) == [(4, 0), (8, 4), (10, 8)]


def test_blas_stays_on_one_thread_inside_the_block_only():
    before = blas_threads()
    with WorkerPool(2, single_blas=True) as pool:
        assert set(pool.submit(blas_threads).result()) == {1}
    assert blas_threads() == before


def test_overlapping_limits_give_blas_its_threads_back():
    before = blas_threads()
    one, other = ExitStack(), ExitStack()
    one.enter_context(WorkerPool(2, single_blas=True))
    other.enter_context(single_threaded_blas())
    other.enter_context(single_threaded_blas())
    one.close()
    assert set(blas_threads()) == {1}
    other.close()
    assert blas_threads() == before


def test_work_that_has_not_begun_is_dropped_when_the_block_is_left():
    futures = []

    def leave():
        with WorkerPool(2) as pool:
            futures.extend(pool.submit(time.sleep, 0.2) for _ in range(100))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert sum(future.cancelled() for future in futures) >= 80, "work that has begun is finished"


def test_openmp_stays_on_one_thread_inside_the_block_only():
    import sklearn.ensemble  # noqa: F401  # loads the OpenMP that is limited

    def openmp_threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "openmp"]

    before = openmp_threads()
    assert before
    with single_threaded_openmp():
        assert set(openmp_threads()) == {1}
        with single_threaded_openmp():
            assert set(openmp_threads()) == {1}
        assert set(openmp_threads()) == {1}
    assert openmp_threads() == before
