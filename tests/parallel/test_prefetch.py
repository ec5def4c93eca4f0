import gc
import threading
import time
import weakref

import pytest

from cutaway.parallel import prefetch


def alive() -> int:
    return sum(thread.name.startswith("cutaway-prefetch") for thread in threading.enumerate())


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_results_come_in_order(count):
    assert list(prefetch(lambda item: item * item, range(count))) == [item * item for item in range(count)]
    assert alive() == 0


def test_the_next_result_is_computed_while_the_caller_works():
    begun = [threading.Event() for _ in range(4)]

    def work(item):
        begun[item].set()
        return item

    for item in prefetch(work, range(4)):
        if item < 3:
            assert begun[item + 1].wait(60), "the next one has begun"
        time.sleep(0.02)
        assert not any(event.is_set() for event in begun[item + 2 :]), "but no further one"


def test_two_results_are_in_memory_at_most():
    class Result:
        pass

    held = weakref.WeakSet()

    def make(_):
        result = Result()
        held.add(result)
        return result

    gc.freeze()  # what other tests have loaded is not searched again and again
    try:
        for result in prefetch(make, range(6)):
            time.sleep(0.02)
            gc.collect()
            assert len(held) <= 2
            del result
    finally:
        gc.unfreeze()


def test_an_error_is_raised_in_its_turn():
    def work(item):
        if item == 2:
            raise ZeroDivisionError("two")
        return item

    results = prefetch(work, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError, match="two"):
        next(results)
    assert alive() == 0


def test_a_caller_that_stops_early_leaves_no_thread_behind():
    done = []
    results = prefetch(lambda item: done.append(item) or item, range(100))
    assert next(results) == 0
    results.close()
    assert alive() == 0
    assert len(done) <= 2
