"""Pruned and quantized weights, against PyTorch's definitions written out in NumPy."""

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.models import COMPRESSIONS, build_model, get_weights, mlp
from cutaway.models.compression import FLOAT_BITS, prune, quantize


def snapshot(**settings):
    model = mlp((9, 7), **settings)
    build_model(model, shape=(5,), classes=3, seed=0)
    return get_weights(model)


@pytest.fixture(params=[1, 3], ids=["one", "ensemble"])
def weights(request):
    return snapshot(ensemble=request.param)


def kernels(weights):
    return np.concatenate([value.ravel() for name, value in weights.items() if name.endswith("kernel")])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_the_smallest_weights_of_all_layers_become_0(weights, share):
    before = {name: value.copy() for name, value in weights.items()}
    pruned = prune(weights, share)
    old, new = kernels(weights), kernels(pruned)
    gone = new == 0
    assert gone.sum() == round(share * len(old))
    np.testing.assert_array_equal(new[~gone], old[~gone])
    if 0 < gone.sum() < len(old):
        assert np.abs(old[gone]).max() <= np.abs(old[~gone]).min()
    for name, value in weights.items():
        np.testing.assert_array_equal(value, before[name], "the snapshot is not changed")
        assert (pruned[name].dtype, pruned[name].shape) == (value.dtype, value.shape)
        if name.endswith("bias"):
            assert pruned[name] is value


def test_of_equal_weights_exactly_the_share_becomes_0():
    pruned = prune({"a/kernel": np.ones((4, 5), np.float32), "b/kernel": np.full((2, 5), -1, np.float32)}, 0.5)
    assert (kernels(pruned) == 0).sum() == 15


@pytest.mark.parametrize("bits", [8, 4, 3, 2])
def test_each_output_unit_has_its_own_few_values(weights, bits):
    found = quantize(weights, bits)
    for name, value in weights.items():
        if name.endswith("bias"):
            assert found[name] is value
            continue
        assert found[name].dtype == np.float32
        for unit in np.ndindex(*value.shape[:-2], value.shape[-1]):
            place = (*unit[:-1], slice(None), unit[-1])
            old, new = value[place], found[name][place]
            step = np.abs(old).max() / (2 ** (bits - 1) - 1)
            assert len(np.unique(np.rint(new / step))) <= 2**bits - 1
            np.testing.assert_allclose(new / step, np.rint(new / step), atol=1e-4)
            assert np.abs(new - old).max() <= step / 2 * 1.0001
            assert np.abs(new).max() == pytest.approx(np.abs(old).max())


def test_nothing_is_lost_at_the_first_severity(weights):
    for compression in COMPRESSIONS:
        same = compression.function(weights, compression.severities[0])
        assert same.keys() == weights.keys()
        assert all(np.array_equal(same[name], weights[name]) for name in weights)
        assert not compression.refusal(weights)
        assert compression.refusal({"norm/gamma": np.ones(3)}) == "the model has no layer with a kernel"


def test_units_without_weights_stay_without():
    found = quantize({"a/kernel": np.array([[0, 1], [0, -2]], np.float32)}, 2)["a/kernel"]
    np.testing.assert_array_equal(found, [[0, 0], [0, -2]])
    assert prune({"a/bias": np.ones(3)}, 0.5)["a/bias"].sum() == 3


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_other_shares_are_refused(share):
    with pytest.raises(UsageError, match="from 0 to 1"):
        prune({}, share)


@pytest.mark.parametrize("bits", [1, 2.5, 17, 31])
def test_other_bits_are_refused(bits):
    with pytest.raises(UsageError, match="from 2 to 16"):
        quantize({}, bits)
    assert quantize({}, FLOAT_BITS) == {}
