import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from cutaway.errors import UnknownNameError, UsageError
from cutaway.inside.ablation import ROWS, ablate
from cutaway.nets import class_probabilities, get_weights, set_weights

FORMS = ["mlp", "dropout", "norm", "last", "logits", "one", "split", "skip", "frozen"]


def _answers(net, x):
    inputs = (x / 255).astype("float32").reshape(len(x), *net.inputs[0].shape[1:])
    return class_probabilities(net, net.predict(inputs, verbose=0)).argmax(axis=1)


def _right(answers, labels, classes):
    return np.diag(confusion_matrix(labels, answers, labels=range(classes)))


@pytest.mark.parametrize("form", FORMS)
def test_every_removal_is_that_of_zeroing_the_unit_by_hand(small_nets, small_rows, form):
    net, layer, classes = small_nets[form]
    x = small_rows(150)
    # the net's own answers with some wrong: otherwise a small net that says one class would hide a mistake
    labels = _answers(net, x)
    labels[::4] = (labels[::4] + 1) % classes
    found = ablate(net, layer, x=x, labels=labels, classes=classes, scale=255.0)
    np.testing.assert_array_equal(found.whole, _right(_answers(net, x), labels, classes))
    np.testing.assert_array_equal(found.samples, np.bincount(labels, minlength=classes))
    before = get_weights(net)
    try:
        for unit in range(len(found.right)):
            weights = {name: value.copy() for name, value in before.items()}
            weights[f"{layer}/kernel"][:, unit] = 0  # relu(0) is 0
            weights[f"{layer}/bias"][unit] = 0
            set_weights(net, weights)
            np.testing.assert_array_equal(found.right[unit], _right(_answers(net, x), labels, classes))
    finally:
        set_weights(net, before)
    assert len(np.unique(found.right, axis=0)) > 2, "removals differ, or this test would see nothing"


@pytest.mark.parametrize("samples", [1, ROWS - 1, ROWS, ROWS + 1])
def test_every_sample_counts_once(small_nets, small_rows, samples):
    net, layer, classes = small_nets["mlp"]
    x = small_rows(samples)
    labels = _answers(net, x)
    found = ablate(net, layer, x=x, labels=labels, classes=classes, scale=255.0)
    assert found.whole.sum() == found.samples.sum() == samples
    assert found.accuracy == 1.0
    assert (found.right <= found.samples).all()


def test_costs_are_shares(small_nets, small_rows):
    net, layer, _ = small_nets["mlp"]
    x = small_rows(50)
    found = ablate(net, layer, x=x, labels=_answers(net, x), classes=4, scale=255.0)
    np.testing.assert_allclose(found.cost, 1 - found.right.sum(axis=1) / 50)
    assert (found.class_cost[:, 3] == 0).all(), "a class without samples loses nothing"


def test_outputs_and_unknown_layers_are_refused(small_nets, small_rows):
    net, _, classes = small_nets["mlp"]
    about = {"x": small_rows(3), "labels": np.zeros(3, int), "classes": classes, "scale": 255.0}
    with pytest.raises(UsageError, match=r"hidden layers: first, second; got .*the output; next: try"):
        ablate(net, net.layers[-1].name, **about)
    with pytest.raises(UnknownNameError, match='got "frist"; next: try "first"'):
        ablate(net, "frist", **about)


def test_an_interrupted_removal_ends(small_nets, small_rows):
    net, layer, classes = small_nets["mlp"]

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablate(net, layer, x=small_rows(3), labels=np.zeros(3, int), classes=classes, scale=255.0, report=stop)
