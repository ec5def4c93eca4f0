"""The forward pass and the explanations of the page's script, in Node, against Keras and `attribute`."""

import keras
import numpy as np
import pytest
from keras import layers as L

from cutaway.errors import ModelError
from cutaway.interpret import attribute
from cutaway.models import (
    ACTIVATIONS,
    LAYER_KINDS,
    MERGING_KINDS,
    ForwardPass,
    build_model,
    class_probabilities,
    forward,
    mlp,
    spec_of,
)
from cutaway.models.exporting.operations import to_operations

MODULES = {"network/forward.js": "Network", "network/explaining.js": "Explainer"}
SCALE = 4.0

ANSWERS = """
  const network = new Network(data.spec, data.weights);
  const explainer = new Explainer(network);
  return data.rows.map((row) => {
    const { outputs, probabilities, logits } = network.forward(row);
    return { outputs, probabilities, logits, explanation: explainer.explain(row) };
  });
"""


def model_of(*layers, shape=(6,), classes=3, ending="softmax"):
    last = [L.Flatten(name="flat"), L.Dense(classes, activation=ending, name="last")]
    return filled(keras.Sequential([keras.Input(shape), *layers, *last], name="model"))


def filled(model):
    """A model with weights of a usual size, all biases and moving averages other than at first."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.name == "seed_generator_state":
            continue
        positive = "variance" in weight.name or weight.name == "gamma"
        size = 1.2 / np.sqrt(weight.shape[-2]) if weight.name == "kernel" else 0.5
        weight.assign(rng.uniform(0.3, 1.5, weight.shape) if positive else rng.normal(0, size, weight.shape))
    return model


def packed(model, *, half=False):
    """What the script takes, with kernels as float16 if `half`."""
    found = to_operations(model)
    described = [item | {"factor": 1.0} for item in found.spec["weights"]]
    weights = [a.astype(np.float16) if half and a.ndim > 1 else a for a in found.weights]
    return {"spec": found.spec | {"scale": SCALE, "weights": described}, "weights": weights}


def rows_of(model, n=4):
    return np.random.default_rng(1).normal(0, SCALE, (n, *model.inputs[0].shape[1:])).astype(np.float32)


def check(run_script, model):
    """Compare all layers, probabilities and explanations of some rows, with weights of 32 and of 16 bits."""
    x = rows_of(model)
    rows = [row.reshape(-1) for row in x]
    found = run_script(ANSWERS, packed(model) | {"rows": rows}, imports=MODULES)
    names = [item["name"] for item in spec_of(model)["layers"]]
    theirs = ForwardPass(model, names, scale=SCALE)(x)
    for name, values in theirs.items():
        ours = np.stack([one["outputs"][name] for one in found])
        np.testing.assert_allclose(ours, values.reshape(len(x), -1), rtol=1e-5, atol=1e-5, err_msg=name)
    expected = class_probabilities(model, theirs[names[-1]])
    np.testing.assert_allclose([one["probabilities"] for one in found], expected, rtol=0, atol=1e-5)
    check_explanation(found[0]["explanation"], model, x[0])
    rounded = run_script(ANSWERS, packed(model, half=True) | {"rows": rows}, imports=MODULES)
    np.testing.assert_allclose([one["probabilities"] for one in rounded], expected, rtol=0, atol=1e-3)


def check_explanation(found, model, row):
    try:
        wanted = attribute(model, row, scale=SCALE)
    except ModelError:
        assert found is None
        return
    assert (found["winner"], found["other"]) == (wanted.winner, wanted.runner_up)
    np.testing.assert_allclose(found["logits"], wanted.logits, rtol=1e-5, atol=1e-5)
    assert found["difference"] == pytest.approx(wanted.difference, abs=1e-5)
    np.testing.assert_allclose(found["inputs"], wanted.inputs.reshape(-1), rtol=1e-4, atol=1e-5)
    assert found["contributions"].keys() == wanted.contributions.keys()
    for layer, values in wanted.contributions.items():
        np.testing.assert_allclose(found["contributions"][layer], values, rtol=1e-4, atol=1e-5, err_msg=layer)
    assert found["offsets"] == pytest.approx(dict(wanted.offsets), abs=1e-4)
    total = found["inputs"].sum(dtype=float) + found["offsets"][""]
    assert total == pytest.approx(found["difference"], abs=1e-4)


def some(names, quick):
    """All names as cases, of which only these run in `make test`: Keras compiles each for half a second."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.exhaustive) for name in names]


@pytest.mark.parametrize("name", some(ACTIVATIONS, ("gelu", "tanh")))
def test_every_activation(run_script, name):
    check(run_script, model_of(L.Dense(5, activation=name), L.Activation(name)))


LAYERS = {
    "Dense": [L.Reshape((3, 2)), L.Dense(4, activation="relu"), L.Dense(3, use_bias=False, activation="leaky_relu")],
    "EinsumDense": [
        L.EinsumDense("bi,kio->bko", (4, 5), bias_axes="ko", activation="relu"),
        L.EinsumDense("bki,kio->bko", (4, 3)),
    ],
    "GlobalAveragePooling1D": [L.Reshape((2, 3)), L.GlobalAveragePooling1D()],
    "Dropout": [L.Dropout(0.5), L.Dense(9, activation="relu")],
    "Activation": [L.Dense(9), L.Activation("relu"), L.Dense(5), L.Activation("leaky_relu")],
    "ReLU": [L.Dense(9), L.ReLU(), L.Dense(9), L.ReLU(negative_slope=0.1)],
    "ReLU, bounded": [L.Dense(9), L.ReLU(max_value=1.0)],
    "ReLU, all at once": [L.ReLU(max_value=1.2, negative_slope=0.3, threshold=0.4)],
    "LeakyReLU": [L.Dense(9), L.LeakyReLU(), L.LeakyReLU(0.07)],
    "PReLU": [L.PReLU(), L.Reshape((2, 3)), L.PReLU(shared_axes=[1])],
    "ELU": [L.ELU(), L.ELU(0.3)],
    "Softmax": [L.Softmax(), L.Reshape((3, 2)), L.Softmax(axis=1), L.Softmax(axis=[2])],
    "Flatten": [L.Reshape((2, 3)), L.Flatten(), L.Dense(9, activation="relu")],
    "Reshape": [L.Reshape((3, -1)), L.Reshape((1, 6)), L.Dense(2), L.Reshape((2,))],
    "Rescaling": [L.Rescaling(0.3, offset=-0.2), L.Rescaling([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), L.Dense(9)],
    "Normalization": [L.Normalization(mean=1.5, variance=4.0), L.Normalization(mean=[0.5] * 6, variance=[0.01] * 6)],
    "Normalization, of several axes": [
        L.Reshape((2, 3)),
        L.Normalization(axis=[2, 1], mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]),
        L.Normalization(axis=1, mean=[1.0, 2.0], variance=[2.0, 3.0], invert=True),
        L.Normalization(axis=None, mean=1.0, variance=2.0),
    ],
    "BatchNormalization": [L.BatchNormalization(), L.BatchNormalization(center=False, scale=False), L.ReLU()],
    "LayerNormalization": [L.LayerNormalization(), L.LayerNormalization(center=False, epsilon=0.1)],
    "GaussianNoise": [L.GaussianNoise(0.5)],
    "GaussianDropout": [L.GaussianDropout(0.5)],
}


@pytest.mark.parametrize("name", some(LAYERS, ("Dense", "EinsumDense", "Normalization", "BatchNormalization")))
def test_every_layer(run_script, name):
    check(run_script, model_of(*LAYERS[name]))


def test_all_layers_are_covered_above():
    assert {name.split(",")[0] for name in LAYERS} | {*MERGING_KINDS} == LAYER_KINDS.keys()


@pytest.mark.parametrize("kind", some(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"], ["Multiply"]))
def test_every_combination(run_script, kind):
    entry = keras.Input((4, 3))
    tensors = [L.Dense(3, activation="relu")(entry), L.Dense(3, activation="relu")(entry)]
    merged = getattr(L, kind)()([*tensors, *([entry] if kind != "Subtract" else [])])
    check(run_script, filled(keras.Model(entry, L.Dense(3, activation="softmax")(L.Flatten()(merged)))))


@pytest.mark.exhaustive
def test_normalizations_of_other_axes(run_script):
    axes = [L.BatchNormalization(axis=1), L.LayerNormalization(axis=[2, 1]), L.Dense(3), L.LayerNormalization(axis=1)]
    check(run_script, model_of(*axes, shape=(4, 5, 2)))


def test_branches_that_join(run_script):
    entry = keras.Input((4, 3))
    a, b = L.Dense(3, activation="relu", name="a")(entry), L.Dense(3, name="b")(entry)
    both = L.Concatenate(axis=1)([L.Add()([a, b, entry]), a])
    flat = L.Flatten()(L.Concatenate()([both, both]))
    check(run_script, filled(keras.Model(entry, L.Dense(4, activation="softmax")(flat))))


ENDINGS = ["1 sigmoid", "1 linear", "1 hard_sigmoid", "3 linear", "3 log_softmax"]


@pytest.mark.parametrize("name", some(ENDINGS, ("1 sigmoid", "3 linear")))
def test_every_ending(run_script, name):
    classes, ending = name.split()
    check(run_script, model_of(L.Dense(9, activation="relu"), classes=int(classes), ending=ending))


@pytest.mark.exhaustive
def test_endings_that_are_layers(run_script):
    for last in (L.Softmax(), L.Activation("softmax"), L.Activation("sigmoid")):
        model = filled(keras.Sequential([keras.Input((6,)), L.Dense(9, activation="relu"), L.Dense(3), last]))
        check(run_script, model)


@pytest.mark.exhaustive
def test_a_model_and_an_ensemble_of_the_size_for_mnist(run_script):
    for ensemble, hidden in ((1, (512, 512)), (3, (40, 20))):
        model = mlp(hidden, dropout=0.2, ensemble=ensemble)
        build_model(model, shape=(28, 28), classes=10, seed=0)
        filled(model)
        x = np.random.default_rng(2).integers(0, 256, (6, 28, 28)).astype(np.uint8)
        x[np.random.default_rng(3).random(x.shape) < 0.8] = 0
        expected = class_probabilities(model, forward(model, x, scale=255.0))
        for half, tolerance in ((False, 1e-5), (True, 1e-3)):
            given = packed(model, half=half)
            given["spec"]["scale"] = 255.0
            found = run_script(ANSWERS, given | {"rows": [row.reshape(-1) for row in x]}, imports=MODULES)
            ours = np.stack([one["probabilities"] for one in found])
            assert np.abs(ours - expected).max() < tolerance


def test_many_samples_at_once_and_progress(run_script):
    model = model_of(L.Dense(20, activation="tanh", name="hidden"))
    x = rows_of(model, 700)
    body = """
      const seen = [];
      const network = new Network(data.spec, data.weights);
      const onProgress = (done, all) => (seen[seen.length] = [done, all]);
      const hidden = await network.forwardMany(data.rows, { layer: "hidden", onProgress });
      return { hidden, last: await network.forwardMany(data.rows, { layer: "last" }), seen };
    """
    found = run_script(body, packed(model) | {"rows": x.reshape(-1)}, imports=MODULES)
    for name, values in ForwardPass(model, ["hidden", "last"], scale=SCALE)(x).items():
        np.testing.assert_allclose(found[name].reshape(700, -1), values, atol=1e-5)
    assert found["seen"][-1] == [700, 700]


def test_float16_numbers_are_decoded_as_numpy_decodes_them(run_script):
    bits = np.arange(2**16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        expected = bits.view(np.float16).astype(np.float32)
    body = "return decodeFloat16(data.bits, data.factor);"
    for factor in (1.0, 0.25):
        found = run_script(body, {"bits": bits, "factor": factor}, imports={"network/tensors.js": "decodeFloat16"})
        with np.errstate(invalid="ignore"):  # of signaling NaN
            np.testing.assert_array_equal(found, expected * np.float32(factor))


def test_what_is_not_computed_is_refused():
    for layer in (L.Flatten(data_format="channels_first"), L.GlobalAveragePooling1D(data_format="channels_first")):
        with pytest.raises(ModelError, match="channels_first"):
            to_operations(model_of(L.Reshape((2, 3)), layer))


def test_the_sum_of_a_unit_and_what_it_passes_on_are_written_out(run_script):
    model = model_of(L.Dense(5, "relu", name="one"), L.Dropout(0.5, name="drop"), L.Dense(4, "tanh", name="two"))
    row = np.random.default_rng(1).normal(size=6).astype(np.float32)
    body = """
      const network = new Network(data.spec, data.weights);
      const of = (layer, units) => Array.from({ length: units }, (_, unit) => unitSum(network, data.row, layer, unit));
      return { one: of("one", 5), two: of("two", 4), none: unitSum(network, data.row, "drop", 0) };
    """
    modules = {**MODULES, "network/unit_sum.js": "unitSum"}
    found = run_script(body, packed(model) | {"row": row}, imports=modules)
    assert found["none"] is None
    x = row.astype(np.float64) / SCALE
    for name, function, reader in (("one", lambda z: np.maximum(z, 0), "two"), ("two", np.tanh, "last")):
        kernel, bias = (np.asarray(w, np.float64) for w in model.get_layer(name).get_weights())
        edges = np.asarray(model.get_layer(reader).get_weights()[0], np.float64)
        for unit, answer in enumerate(found[name]):
            products = x * kernel[:, unit]
            assert answer["products"] == pytest.approx(products, abs=1e-5)
            assert answer["above"] == pytest.approx(products[products > 0].sum(), abs=1e-5)
            assert answer["sum"] == pytest.approx(products.sum() + bias[unit], abs=1e-5)
            assert answer["output"] == pytest.approx(function(products.sum() + bias[unit]), abs=1e-5)
            # the layer after "two" is a Flatten, through which edges lead on
            assert {edge["layer"] for edge in answer["edges"]} == {reader}
            passed = {edge["unit"]: edge["value"] for edge in answer["edges"]}
            assert passed == pytest.approx(dict(enumerate(answer["output"] * edges[unit])), abs=1e-5)
            sizes = [abs(edge["value"]) for edge in answer["edges"]]
            assert sizes == sorted(sizes, reverse=True)
            assert answer["weights"] == pytest.approx(kernel[:, unit], abs=1e-6)
        x = function(x @ kernel + bias)


@pytest.mark.parametrize("classes", [3, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_slopes_toward_a_class_are_what_differences_say(run_script, classes):
    model = model_of(L.Dense(9, "relu"), classes=classes, ending="softmax" if classes > 1 else "sigmoid")
    row = np.random.default_rng(2).normal(size=6).astype(np.float32)
    body = """
      const network = new Network(data.spec, data.weights);
      const explainer = new Explainer(network);
      const gain = (input, target) => {
        const { logits } = network.trace(input);
        return logits[target] - Math.max(...logits.filter((_, place) => place !== target));
      };
      return Array.from({ length: Math.max(2, data.classes) }, (_, target) => ({
        slopes: explainer.slopesToward(data.row, target),
        // an input is divided by the scale
        differences: data.row.map((_, k) => {
          const moved = (by) => gain(data.row.map((value, j) => value + (j === k ? by : 0)), target);
          return (data.scale * (moved(1e-2) - moved(-1e-2))) / 2e-2;
        }),
      }));
    """
    given = packed(model) | {"row": row, "classes": classes, "scale": SCALE}
    for answer in run_script(body, given, imports=MODULES):
        assert answer["slopes"] == pytest.approx(np.array(answer["differences"]), abs=2e-3)
