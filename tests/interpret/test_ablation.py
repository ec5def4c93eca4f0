import numpy as np
import pytest
from scipy.stats import sem
from sklearn.metrics import confusion_matrix

from cutaway.errors import Canceled, UnknownNameError, UsageError
from cutaway.interpret import ablate
from cutaway.interpret.ablation import BATCH
from cutaway.models import class_probabilities, get_weights, set_weights

QUICK = ["norm", "skip"]
OTHERS = ["mlp", "dropout", "last", "logits", "one", "split", "frozen"]
FORMS = [*QUICK, *(pytest.param(form, marks=pytest.mark.exhaustive) for form in OTHERS)]


def _probabilities(model, x):
    inputs = (x / 255).astype("float32").reshape(len(x), *model.inputs[0].shape[1:])
    return class_probabilities(model, model.predict(inputs, verbose=0))


def _predictions(model, x):
    return _probabilities(model, x).argmax(axis=1)


def _losses(model, x, labels):
    """The cross-entropy of each sample, float64, clipped as Keras clips it."""
    of_truth = _probabilities(model, x).astype(np.float64)[np.arange(len(x)), labels]
    return -np.log(np.clip(of_truth, 1e-7, 1))


def _correct(predicted, labels, classes):
    return np.diag(confusion_matrix(labels, predicted, labels=range(classes)))


@pytest.mark.parametrize("form", FORMS)
def test_every_ablation_equals_zeroing_the_unit_by_hand(small_models, small_rows, form):
    model, layer, classes = small_models[form]
    x = small_rows(150)
    # the model's own predictions, some made wrong: otherwise a small model that predicts one class would hide a mistake
    labels = _predictions(model, x)
    labels[::4] = (labels[::4] + 1) % classes
    found = ablate(model, layer, x=x, labels=labels, classes=classes, scale=255.0)
    np.testing.assert_array_equal(found.correct_unablated, _correct(_predictions(model, x), labels, classes))
    np.testing.assert_array_equal(found.samples, np.bincount(labels, minlength=classes))
    before, losses = get_weights(model), _losses(model, x, labels)
    try:
        for unit in range(len(found.correct)):
            weights = {name: value.copy() for name, value in before.items()}
            weights[f"{layer}/kernel"][:, unit] = 0  # relu(0) is 0
            weights[f"{layer}/bias"][unit] = 0
            set_weights(model, weights)
            np.testing.assert_array_equal(found.correct[unit], _correct(_predictions(model, x), labels, classes))
            rise = _losses(model, x, labels) - losses
            assert found.cost[unit] == pytest.approx(rise.mean(), rel=1e-4, abs=1e-6)
            assert found.cost_error[unit] == pytest.approx(sem(rise), rel=1e-3, abs=1e-6)
    finally:
        set_weights(model, before)
    assert len(np.unique(found.correct, axis=0)) > 2, "ablations differ, or this test would see nothing"


@pytest.mark.parametrize("samples", [1, BATCH, BATCH + 1])
def test_every_sample_counts_once(small_models, small_rows, samples):
    model, layer, classes = small_models["mlp"]
    x = small_rows(samples)
    labels = _predictions(model, x)
    found = ablate(model, layer, x=x, labels=labels, classes=classes, scale=255.0)
    assert found.correct_unablated.sum() == found.samples.sum() == samples
    assert found.accuracy == 1.0
    assert (found.correct <= found.samples).all()


def test_costs_are_fractions_of_the_samples(small_models, small_rows):
    model, layer, _ = small_models["mlp"]
    x = small_rows(50)
    found = ablate(model, layer, x=x, labels=_predictions(model, x), classes=4, scale=255.0)
    np.testing.assert_allclose(found.accuracy_cost, 1 - found.correct.sum(axis=1) / 50)
    assert (found.class_accuracy_cost[:, 3] == 0).all(), "a class without samples loses nothing"


def test_a_cost_is_measurable_two_standard_errors_away_from_0(small_models, small_rows):
    model, layer, classes = small_models["mlp"]
    x = small_rows(1500)
    labels = _predictions(model, x)
    found = ablate(model, layer, x=x, labels=labels, classes=classes, scale=255.0)
    np.testing.assert_array_equal(found.measurable, np.abs(found.cost) > 2 * found.cost_error)
    assert found.measurable.any()
    before = get_weights(model)
    weights = {name: value.copy() for name, value in before.items()}
    weights[f"{layer}/kernel"][:, 2], weights[f"{layer}/bias"][2] = 0, -1  # never fires
    try:
        set_weights(model, weights)
        silent = ablate(model, layer, x=x, labels=labels, classes=classes, scale=255.0)
    finally:
        set_weights(model, before)
    assert (silent.cost[2], silent.cost_error[2], silent.measurable[2]) == (0, 0, False)
    (single,) = {
        bool(np.isnan(e)) for e in ablate(model, layer, x=x[:1], labels=labels[:1], classes=3, scale=255.0).cost_error
    }
    assert single, "one sample has no standard error"


def test_outputs_and_unknown_layers_are_refused(small_models, small_rows):
    model, _, classes = small_models["mlp"]
    about = {"x": small_rows(3), "labels": np.zeros(3, int), "classes": classes, "scale": 255.0}
    with pytest.raises(UsageError):
        ablate(model, model.layers[-1].name, **about)
    with pytest.raises(UnknownNameError):
        ablate(model, "frist", **about)


def test_a_model_is_ablated_without_changing_it(small_models, small_rows):
    model, layer, classes = small_models["norm"]
    x, before = small_rows(150), get_weights(model)
    ablate(model, layer, x=x, labels=_predictions(model, x), classes=classes, scale=255.0)
    assert all(np.array_equal(value, before[name]) for name, value in get_weights(model).items())


def test_a_canceled_ablation_ends(small_models, small_rows):
    model, layer, classes = small_models["mlp"]

    def cancel(_):
        raise Canceled("a", got="b", hint="c")

    with pytest.raises(Canceled):
        ablate(model, layer, x=small_rows(3), labels=np.zeros(3, int), classes=classes, scale=255.0, on_progress=cancel)
