import numpy as np
import pytest

from cutaway.errors import UnknownNameError
from cutaway.interpret import activations
from cutaway.interpret import similarity as comparison
from cutaway.models import build_model, get_weights, mlp, set_weights
from tests.interpret.linear_cka import linear_cka


@pytest.fixture(scope="module")
def model():
    model = mlp((12, 8))
    build_model(model, shape=(4, 5), classes=3, seed=0)
    return model


@pytest.fixture(scope="module")
def snapshots(model):
    rng, start = np.random.default_rng(0), get_weights(model)
    found = {e: {k: v + rng.normal(0, e / 10, v.shape).astype(np.float32) for k, v in start.items()} for e in range(4)}
    return found | {9: {name: value * np.nan for name, value in start.items()}}


@pytest.mark.parametrize("held", [2**29, 1, 3 * 4 * 300 * 12])
def test_every_two_epochs_are_compared_however_many_fit_into_memory(model, snapshots, small_rows, monkeypatch, held):
    monkeypatch.setattr(comparison, "MAX_HELD_BYTES", held)
    x, epochs, seen, before = small_rows(300), [0, 1, 2, 3, 9], [], get_weights(model)
    about = {"epochs": epochs, "x": x, "scale": 255.0}
    found = comparison.compare_epochs(model, snapshots.__getitem__, "dense_1", **about, on_progress=seen.append)
    assert found.shape == (5, 5)
    assert np.isnan(found[4]).all(), "nothing is known about a model that has diverged"
    assert np.isnan(found[:, 4]).all()
    for name, value in get_weights(model).items():
        np.testing.assert_array_equal(value, before[name], "the model keeps its own weights")
    hidden = []
    for epoch in epochs[:4]:
        set_weights(model, snapshots[epoch])
        hidden.append(activations(model, "dense_1", x=x, scale=255.0))
    expected = [[linear_cka(a, b) for a in hidden] for b in hidden]
    np.testing.assert_allclose(found[:4, :4], expected, atol=1e-5)
    assert expected[0][1] > expected[0][3], "epochs that are farther apart in training are less similar"
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert (seen[-1].done, seen[-1].total) == (15, 15)


def test_an_unknown_layer_is_an_error(model, snapshots, small_rows):
    with pytest.raises(UnknownNameError):
        comparison.compare_epochs(model, snapshots.__getitem__, "dense_9", epochs=[0], x=small_rows(5), scale=255.0)
