import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from cutaway.errors import UnknownNameError, UsageError
from cutaway.interpret.ablation import ROWS, ablate
from cutaway.models import class_probabilities, get_weights, set_weights

FORMS = ["mlp", "dropout", "norm", "last", "logits", "one", "split", "skip", "frozen"]


def _answers(model, x):
    inputs = (x / 255).astype("float32").reshape(len(x), *model.inputs[0].shape[1:])
    return class_probabilities(model, model.predict(inputs, verbose=0)).argmax(axis=1)


def _right(predicted_classes, labels, classes):
    return np.diag(confusion_matrix(labels, predicted_classes, labels=range(classes)))


@pytest.mark.parametrize("form", FORMS)
def test_every_removal_is_that_of_zeroing_the_unit_by_hand(small_nets, small_rows, form):
    model, layer, classes = small_nets[form]
    x = small_rows(150)
    # the model's own answers with some wrong: otherwise a small model that says one class would hide a mistake
    labels = _answers(model, x)
    labels[::4] = (labels[::4] + 1) % classes
    found = ablate(model, layer, x=x, labels=labels, classes=classes, scale=255.0)
    np.testing.assert_array_equal(found.whole, _right(_answers(model, x), labels, classes))
    np.testing.assert_array_equal(found.samples, np.bincount(labels, minlength=classes))
    before = get_weights(model)
    try:
        for unit in range(len(found.right)):
            weights = {name: value.copy() for name, value in before.items()}
            weights[f"{layer}/kernel"][:, unit] = 0  # relu(0) is 0
            weights[f"{layer}/bias"][unit] = 0
            set_weights(model, weights)
            np.testing.assert_array_equal(found.right[unit], _right(_answers(model, x), labels, classes))
    finally:
        set_weights(model, before)
    assert len(np.unique(found.right, axis=0)) > 2, "removals differ, or this test would see nothing"


@pytest.mark.parametrize("samples", [1, ROWS - 1, ROWS, ROWS + 1])
def test_every_sample_counts_once(small_nets, small_rows, samples):
    model, layer, classes = small_nets["mlp"]
    x = small_rows(samples)
    labels = _answers(model, x)
    found = ablate(model, layer, x=x, labels=labels, classes=classes, scale=255.0)
    assert found.whole.sum() == found.samples.sum() == samples
    assert found.accuracy == 1.0
    assert (found.right <= found.samples).all()


def test_costs_are_shares(small_nets, small_rows):
    model, layer, _ = small_nets["mlp"]
    x = small_rows(50)
    found = ablate(model, layer, x=x, labels=_answers(model, x), classes=4, scale=255.0)
    np.testing.assert_allclose(found.cost, 1 - found.right.sum(axis=1) / 50)
    assert (found.class_cost[:, 3] == 0).all(), "a class without samples loses nothing"


def test_outputs_and_unknown_layers_are_refused(small_nets, small_rows):
    model, _, classes = small_nets["mlp"]
    about = {"x": small_rows(3), "labels": np.zeros(3, int), "classes": classes, "scale": 255.0}
    with pytest.raises(UsageError, match=r"hidden layers: first, second; got .*the output; next: try"):
        ablate(model, model.layers[-1].name, **about)
    with pytest.raises(UnknownNameError, match='got "frist"; next: try "first"'):
        ablate(model, "frist", **about)


def test_an_interrupted_removal_ends(small_nets, small_rows):
    model, layer, classes = small_nets["mlp"]

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablate(model, layer, x=small_rows(3), labels=np.zeros(3, int), classes=classes, scale=255.0, on_progress=stop)
