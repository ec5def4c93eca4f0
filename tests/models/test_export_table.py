"""The preparation of a table in an ONNX graph, against the preparation itself."""

import keras
import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from keras import layers as L

from cutaway.data import MISSING, Preparation, spellings
from cutaway.data.preparation import CategoryStep, HashStep, NumberStep
from cutaway.data.tables.cells import as_categories
from cutaway.errors import ModelError
from cutaway.models import class_probabilities
from cutaway.models.exporting.onnx_graph import table_to_onnx


def prepared(*steps, cells):
    """What a graph and the preparation make of some cells, by a model that returns its inputs."""
    preparation = Preparation(steps=steps, rows=1)
    size = len(preparation.features)
    model = keras.Sequential([keras.Input((size,)), L.Activation("softmax"), L.Activation("linear")])
    columns = [step.model_dump() for step in steps]
    for column in columns:
        values = column.get("values", ())
        if column["kind"] == "hash":
            values = ["w1", "w2", "w3"]
            step = HashStep(column="word", inputs=column["inputs"])
            column["encoded"] = np.empty((3, step.inputs), np.float32)
            step.apply(pa.chunked_array([values]), column["encoded"])
        column["spellings"] = {value: spellings(value) for value in values}
    packed = table_to_onnx(
        model,
        class_names=[str(n) for n in range(size)],
        feature_names=preparation.features,
        columns=columns,
        missing=MISSING,
    )
    import onnx

    graph = onnx.load_model_from_string(packed)
    inside = next(node.input[0] for node in graph.graph.node if node.op_type == "Softmax")  # what the model is fed
    graph.graph.output.append(onnx.helper.make_tensor_value_info(inside, onnx.TensorProto.FLOAT, None))
    inputs = {name: np.array(values)[:, None] for name, values in cells.items()}
    (theirs,) = onnxruntime.InferenceSession(graph.SerializeToString()).run([inside], inputs)
    arrays = {
        name: as_categories(pa.chunked_array([pa.array(values, pa.string())]))
        if isinstance(values[0], str)
        else pa.chunked_array([pa.array(values, pa.float64(), from_pandas=True)])
        for name, values in cells.items()
    }
    return theirs, preparation.apply(arrays)[0]


def test_columns_of_all_kinds_keep_their_order():
    steps = [
        CategoryStep(column="city", values=("Oslo", "a=b"), other=True, indicator=True),
        NumberStep(column="x", fill=2.0, center=1.0, scale=0.5, low=0, high=3),
        HashStep(column="word", inputs=5),
        NumberStep(column="y/Cast_3", fill=-1.0, indicator=True, center=0.1, scale=1e-9, low=0, high=1),
        CategoryStep(column="input", values=("false", "true")),
        CategoryStep(column="few", values=(), other=True),
        CategoryStep(column="n", values=("-3", "3")),
    ]
    cells = {
        "city": ["a=b", "", "Rome", "Oslo"],
        "x": [1.5, np.nan, 2.0, -7.0],
        "word": ["w1", "w2", "", "w3"],
        "y/Cast_3": [np.nan, 0.1, 0.7, 0.1 + 3e-10],
        "input": ["True", "false", "TRUE", "NA"],
        "few": ["a", "?", "", "b"],
        "n": ["3.0", "-3", "3", "4"],
    }
    theirs, ours = prepared(*steps, cells=cells)
    np.testing.assert_array_equal(theirs, ours)
    assert theirs[2, 10] == 1e6, "numbers far outside are bounded"


@pytest.mark.parametrize(
    "last", [L.Dense(3), L.Dense(1), L.Dense(1, activation="sigmoid"), L.Dense(2, activation="softmax")]
)
def test_every_ending_gives_probabilities_and_a_label(last):
    model = keras.Sequential([keras.Input((4,)), last])
    model.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in model.get_weights()])
    names = ["no", "yes", "ümlaut"][: max(2, last.units)]
    packed = table_to_onnx(model, class_names=names, feature_names="abcd")
    x = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    label, probabilities = onnxruntime.InferenceSession(packed).run(["label", "probabilities"], {"input": x})
    expected = class_probabilities(model, np.asarray(model(x)))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5, atol=1e-6)
    assert label.tolist() == [names[best] for best in expected.argmax(axis=1)]
    with pytest.raises(ModelError):
        table_to_onnx(model, class_names=names, feature_names="abc")


@pytest.mark.parametrize(
    ("value", "many"), [("true", 3), ("false", 3), ("3", 2), ("-12", 2), ("3.5", 1), ("Oslo", 1), ("1e3", 1)]
)
def test_every_spelling_of_a_category_is_read_as_it(value, many):
    found = spellings(value)
    assert len(found) == many
    assert as_categories(pa.chunked_array([pa.array(found)])).to_pylist() == [value] * many


def test_numbers_have_an_output_each_by_the_name_of_the_target():
    model = keras.Sequential([keras.Input((2,)), L.Dense(2), L.Rescaling([3.0, 4.0], [5.0, 6.0])])
    model.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in model.get_weights()])
    step = {"fill": 0.0, "center": 0.0, "scale": 1.0, "low": 0, "high": 1}
    columns = [NumberStep(column=name, **step).model_dump() for name in ("price", "area")]
    for column in columns:
        column["spellings"] = {}
    packed = table_to_onnx(model, targets=("price", "age"), feature_names=["price", "area"], columns=columns)
    session = onnxruntime.InferenceSession(packed)
    assert [each.name for each in session.get_outputs()] == ["price_", "age"]
    x = np.random.default_rng(1).normal(size=(50, 2))
    found = session.run(None, {"price": x[:, :1], "area": x[:, 1:]})
    np.testing.assert_allclose(np.stack(found, axis=1), model.predict(x, verbose=0), rtol=1e-5)
