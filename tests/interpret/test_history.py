import numpy as np
import pytest

from cutaway.errors import Canceled
from cutaway.interpret import activations
from cutaway.interpret.health import update_sizes
from cutaway.interpret.history import layer_history
from cutaway.interpret.measures import effective_rank, separation, spread
from cutaway.interpret.probes import knn_accuracy, probe_accuracy
from cutaway.models import build_model, get_weights, mlp, set_weights
from tests.interpret.linear_cka import linear_cka

LAYERS = ("dense_1", "dense_2", "output")


@pytest.fixture(scope="module")
def model():
    model = mlp((12, 8), dropout=0.2)
    build_model(model, shape=(4, 5), classes=3, seed=0)
    return model


@pytest.fixture(scope="module")
def snapshots(model):
    rng, weights = np.random.default_rng(0), get_weights(model)
    found = {}
    for epoch in (0, 1, 3):
        found[epoch] = weights
        weights = {k: v + rng.normal(0, 0.1, v.shape).astype(np.float32) for k, v in weights.items()}
    return found


@pytest.fixture(scope="module")
def data(small_rows):
    x = small_rows(2100)  # more than a batch
    return x, (x.reshape(len(x), -1)[:, :4].mean(axis=1) // 86).astype(np.int64)


def test_every_record_measures_its_own_epoch_and_layer(model, snapshots, data):
    x, labels = data
    records = layer_history(model, snapshots.__getitem__, epochs=[0, 1, 3], x=x, labels=labels, scale=255.0, k=5)
    assert [(r.epoch, r.layer) for r in records] == [(e, n) for e in (0, 1, 3) for n in LAYERS]
    held = {}
    for epoch, weights in snapshots.items():
        set_weights(model, weights)
        held |= {(epoch, name): activations(model, name, x=x, scale=255.0) for name in LAYERS}
    previous = {1: 0, 3: 1}
    for r in records:
        h = held[r.epoch, r.layer]
        general = spread(h, activation="softmax" if r.layer == "output" else "relu")
        for key, value in vars(general).items():
            assert getattr(r, key) == pytest.approx(value, abs=1e-6)
        assert r.samples == 2100
        assert r.units == h.shape[1]
        assert r.effective_rank == pytest.approx(effective_rank(h), rel=1e-4)
        assert r.separation == pytest.approx(separation(h, labels), rel=1e-4)
        assert r.knn_accuracy == pytest.approx(knn_accuracy(h, labels, k=5), abs=2 / 1000)
        assert r.probe_accuracy == pytest.approx(probe_accuracy(h, labels), abs=2 / 1000)
        assert r.cka_last == pytest.approx(linear_cka(h, held[3, r.layer]), abs=1e-4)
        assert r.cka_layers == pytest.approx(
            {n: linear_cka(h, held[r.epoch, n]) for n in LAYERS if n != r.layer}, abs=1e-4
        )
        now = np.concatenate([snapshots[r.epoch][f"{r.layer}/{part}"].ravel() for part in ("kernel", "bias")])
        assert r.weight_norm == pytest.approx(np.sqrt((now.astype(float) ** 2).mean()))
        if r.epoch in previous:
            old = previous[r.epoch]
            then = np.concatenate([snapshots[old][f"{r.layer}/{part}"].ravel() for part in ("kernel", "bias")])
            assert r.update_norm == pytest.approx(np.sqrt(((now - then).astype(float) ** 2).mean()))
            assert r.cka_previous == pytest.approx(linear_cka(h, held[old, r.layer]), abs=1e-4)
        else:
            assert r.update_norm is None
            assert r.cka_previous is None


def test_a_diverged_epoch_has_no_measures_and_the_others_keep_theirs(model, snapshots, data):
    x, labels = data
    diverged = {name: value * np.nan for name, value in snapshots[3].items()}
    weights = {0: snapshots[0], 1: diverged}
    records = layer_history(model, weights.__getitem__, epochs=[0, 1], x=x[:50], labels=labels[:50], scale=255.0)
    assert records[0].mean is not None
    assert records[0].cka_last is None
    assert all(value is None for r in records[3:] for value in (r.mean, r.knn_accuracy, r.cka_last, r.weight_norm))


@pytest.mark.parametrize("size", [3e38, 1e20, np.inf])
def test_huge_weights_are_measured_or_not_without_a_warning(model, snapshots, data, size):
    x, labels = data
    first, last = ({name: np.full_like(w, sign * size) for name, w in snapshots[3].items()} for sign in (1, -1))
    weights = {0: first, 1: last}
    records = layer_history(model, weights.__getitem__, epochs=[0, 1], x=x[:50], labels=labels[:50], scale=255.0)
    assert all((r.mean, r.knn_accuracy, r.effective_rank, r.cka_last) == (None,) * 4 for r in records[:3])
    for record in records[3:]:
        assert record.update_norm == (None if size == np.inf else pytest.approx(2 * size))
    (name, change), *_ = update_sizes(first, last).items()
    assert name == "dense_1"
    assert change == (pytest.approx(2) if size < np.inf else pytest.approx(np.nan, nan_ok=True))


def test_a_kernel_that_was_zero_has_a_known_change():
    zeros = {"dense/kernel": np.zeros((3, 2))}
    assert update_sizes(zeros, {"dense/kernel": np.ones((3, 2))}) == update_sizes(zeros, zeros) == {"dense": 0.0}


def test_progress_and_cancellation(model, snapshots, data):
    x, labels = data
    seen = []
    about = {"epochs": [0, 1], "x": x[:20], "labels": labels[:20], "scale": 255.0}
    layer_history(model, snapshots.__getitem__, **about, on_progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(0, 6), *((i, 6) for i in range(7))]

    def cancel(progress):
        if progress.done == 2:
            raise Canceled("a", got="b", hint="c")

    with pytest.raises(Canceled):
        layer_history(model, snapshots.__getitem__, **about, on_progress=cancel)
