import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.training.loop.chunks import CHUNK_BYTES, CHUNK_STEPS, chunk_steps, prefetch_chunks
from cutaway.training.loop.order import epoch_order, parts_of


@given(st.integers(1, 120), st.integers(1, 20), st.integers(1, 9))
def test_every_sample_comes_once_with_its_label_in_order(samples, batch, size):
    x = np.arange(samples + 5, dtype=np.uint8)[:, None] * np.ones(3, np.uint8)
    y = np.arange(samples + 5) + 1000
    order = epoch_order(samples, batch_size=batch, seed=1, epoch=2)
    seen, steps = [], 0
    for chunk in prefetch_chunks(x, y, order=order, samples=samples, size=size):
        assert chunk.x.shape == (size, batch, 3)
        assert chunk.rows.shape == chunk.y.shape == chunk.weight.shape == (size, batch)
        assert not np.asarray(chunk.weight)[chunk.steps :].any()
        mask = np.asarray(chunk.weight) == 1
        np.testing.assert_array_equal(np.asarray(chunk.x)[mask][:, 0], chunk.rows[mask])
        np.testing.assert_array_equal(np.asarray(chunk.y)[mask], chunk.rows[mask] + 1000)
        seen += chunk.rows[mask].tolist()
        steps += chunk.steps
    assert seen == order.ravel()[:samples].tolist()
    assert steps == len(order)


def test_a_chunk_is_bounded_in_steps_and_bytes():
    assert chunk_steps(128, 784, steps=352) == CHUNK_STEPS
    assert [chunk_steps(128, 784, steps=steps) for steps in (1, 2, 3, 8, 33, 65)] == [1, 2, 4, 8, 64, 64]
    assert chunk_steps(128, 1_000_000, steps=352) == 1
    assert chunk_steps(32, 100_000, steps=352) * 32 * 100_000 <= CHUNK_BYTES


def test_an_error_while_gathering_reaches_the_caller():
    order = epoch_order(8, batch_size=4, seed=0, epoch=1)
    with pytest.raises(IndexError):
        list(prefetch_chunks(np.zeros((2, 3)), np.zeros(8, int), order=order, samples=8, size=1))


@given(st.integers(1, 300), st.integers(1, 64), st.integers(0, 2**31 - 1), st.integers(1, 1000))
def test_every_sample_is_in_the_order_once(samples, batch, seed, epoch):
    order = epoch_order(samples, batch_size=batch, seed=seed, epoch=epoch)
    assert order.shape[1] == batch
    assert sorted(order[order < samples]) == list(range(samples))
    assert (order >= samples).sum() == -samples % batch
    np.testing.assert_array_equal(order, epoch_order(samples, batch_size=batch, seed=seed, epoch=epoch))
    for exact in (True, False):
        parts = parts_of(order, samples, exact=exact)
        np.testing.assert_array_equal(np.concatenate([p.ravel() for p in parts])[:samples], order.ravel()[:samples])
        if exact:
            assert all((p < samples).all() for p in parts)


def test_orders_of_epochs_and_seeds_differ():
    orders = [tuple(epoch_order(50, batch_size=50, seed=s, epoch=e)[0]) for s in range(3) for e in range(1, 4)]
    assert len(set(orders)) == 9
