import time

import numpy as np  # noqa: F401  # brings the BLAS that is limited
import pytest
from threadpoolctl import threadpool_info

from cutaway.parallel.threads import workers


def _blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_products_stay_on_the_thread_that_asks_and_only_inside():
    before = _blas()
    with workers() as pool:
        assert set(pool.submit(_blas).result()) == {1}
    assert _blas() == before


def test_work_that_has_not_begun_is_dropped_where_the_block_is_left():
    futures = []

    def leave():
        with workers() as pool:
            futures.extend(pool.submit(time.sleep, 0.2) for _ in range(100))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert sum(future.cancelled() for future in futures) >= 80, "what has begun is finished, at most eight at a time"
