"""Linear regions against grids of activation patterns and Keras' own predictions, polygons against their formulas."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as L

from cutaway.errors import DataError, ModelError
from cutaway.interpret.regions import linear_regions, plane_decisions, polygon_areas, polygon_distances, polygon_entries

WINDOW = np.array([[-2.0, -1.0], [2.0, -1.0], [2.0, 3.0], [-2.0, 3.0]])
MOST = 20_000


def plane_of(shape, seed=0):
    """A plane through inputs of a shape, with orthonormal directions."""
    random = np.random.default_rng(seed)
    size = int(np.prod(shape))
    axes = np.linalg.qr(random.normal(size=(size, 2)))[0].T
    return np.concatenate([random.normal(size=(1, size)), axes]).reshape(3, *shape)


def network(hidden, activation="relu", *, inputs=5, outputs=3, seed=0):
    keras.utils.set_random_seed(seed)
    layers = [L.Dense(units, activation, bias_initializer="normal") for units in hidden]
    last = L.Dense(outputs, "softmax" if outputs > 1 else "sigmoid", bias_initializer="normal")
    return keras.Sequential([keras.Input((inputs,)), *layers, last])


def grid_of(side=60):
    """Points of the window, float64 ``(place, 2)``, none of them on its edge."""
    steps = (np.arange(side) + 0.5) / side
    return WINDOW[0] + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * 4.0


def outputs(model, x):
    """What Keras computes, in float32."""
    return np.asarray(model(x.astype(np.float32)))


def on(plane, places):
    """Inputs at places of a plane, float64 ``(place, *shape)``."""
    return np.tensordot(np.concatenate([np.ones((len(places), 1)), places], axis=1), plane, axes=1)


def inside(corners, place):
    """Numbers of the polygons that hold a place and are not as near as rounding to it only from outside."""
    return np.flatnonzero(polygon_distances(place, corners) == 0)


def to_lines(corners, place):
    """Distance of a place from the nearest edge of the polygons that hold it or touch it."""
    after = np.roll(corners, -1, axis=1)
    edges = after - corners
    length = np.hypot(edges[..., 0], edges[..., 1])
    cross = edges[..., 0] * (place[1] - corners[..., 1]) - edges[..., 1] * (place[0] - corners[..., 0])
    return np.where(length > 0, np.abs(cross) / np.where(length > 0, length, 1), np.inf).min()


def all_regions(model, plane, window=WINDOW, most=MOST):
    """(corners of each region, its logits): lists, since parts have polygons of different numbers of corners."""
    parts = list(linear_regions(model, plane, window, most=most))
    return [c for part in parts for c in part.corners], [z for part in parts for z in part.logits]


def patterns(model, x):
    """Which units are above 0, computed in float64, for each row: as bytes."""
    found = [[] for _ in x]
    for layer in model.layers[:-1]:
        kernel, bias = (np.asarray(w, np.float64) for w in layer.get_weights())
        sums = x @ kernel + bias
        for row, signs in zip(found, sums > 0, strict=True):
            row.append(signs.tobytes())
        slope = {"relu": 0.0, "leaky_relu": 0.2}[layer.activation.__name__]
        x = np.where(sums > 0, sums, slope * sums)
    return [b"".join(row) for row in found]


@given(
    hidden=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    activation=st.sampled_from(["relu", "leaky_relu"]),
    seed=st.integers(0, 2**16),
)
def test_regions_are_activation_patterns_and_polygons_are_predictions(hidden, activation, seed):
    model, plane, places = network(hidden, activation, seed=seed), plane_of((5,), seed), grid_of(16)
    corners, logits = all_regions(model, plane)
    found = plane_decisions(model, plane, WINDOW, most=MOST)
    assert len(found.regions) == len(corners)
    for each in (found.regions, found.corners):
        assert polygon_areas(each).min() > 0
        assert polygon_areas(each).sum() == pytest.approx(16.0, rel=1e-12)
    x = on(plane, places)
    probabilities = outputs(model, x)
    seen = patterns(model, x)
    of_region = {}
    for place, pattern, likely in zip(places, seen, probabilities, strict=True):
        holding = inside(found.regions, place)
        if len(holding) != 1:  # on an edge, as rounding has it
            assert to_lines(found.regions, place) < 1e-8
            continue
        assert of_region.setdefault(pattern, holding[0]) == holding[0], "each pattern is in one region"
        z = logits[holding[0]] @ [1, *place]
        exact = np.exp(z - z.max())
        assert likely == pytest.approx(exact / exact.sum(), abs=1e-5)
        clear = np.diff(np.sort(z)[-2:])[0] > 1e-4  # Keras computes in float32
        assert not clear or (found.classes[inside(found.corners, place)] == likely.argmax()).all()
    assert len(set(of_region.values())) == len(of_region) <= len(corners), "no region has two patterns"


def test_a_fine_grid_finds_all_regions_of_a_small_network():
    model, plane = network((5, 4), seed=1), plane_of((5,))
    corners, _ = all_regions(model, plane)
    x = on(plane, grid_of(700))
    assert len(set(patterns(model, x))) == len(corners) > 8
    middles = np.array([c.mean(axis=0) for c in corners])
    assert len(set(patterns(model, on(plane, middles)))) == len(corners)


def test_the_distance_to_another_class_is_what_bisection_finds():
    """No circle inside of it meets another class, and a circle of that radius does."""
    model, plane = network((12, 8), outputs=4, seed=5), plane_of((5,), 1)
    found = plane_decisions(model, plane, WINDOW, most=MOST)
    start = np.array([0.3, 1.1])
    own = found.classes[polygon_distances(start, found.corners).argmin()]
    exact = polygon_distances(start, found.corners[found.classes != own]).min()
    assert 0 < exact < 1.9, "nearer than the edge of the window"
    weights = [np.asarray(w, np.float64) for w in model.get_weights()]

    def predicted(places):
        x = on(plane, places)
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = np.maximum(x @ kernel + bias, 0)
        return (x @ weights[-2] + weights[-1]).argmax(axis=1)

    def first_change(angles):
        """The smallest circle on which some of these directions meet another class, and one of them."""
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        low, high = 0.0, 1.02 * exact
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if (predicted(start + middle * directions) != own).any() else (middle, high)
        return high, angles[(predicted(start + high * directions) != own).argmax()]

    step = 2 * np.pi / 20_000
    radius, angle = first_change(np.arange(20_000) * step)
    assert exact <= radius < exact * 1.001
    radius, angle = first_change(angle + np.linspace(-9, 9, 20_001) * step)
    assert radius == pytest.approx(exact, rel=1e-6)
    for share in (0.2, 0.5, 0.8, 0.99, 1 - 1e-7):
        ring = np.linspace(0, 2 * np.pi, 20_000)
        assert (predicted(start + share * exact * np.stack([np.cos(ring), np.sin(ring)], axis=1)) == own).all()
    # and the boundary is as far as the polygons beyond it
    pieces = found.boundary[(found.between == own).any(axis=1)]
    assert polygon_distances(start, pieces).min() == pytest.approx(exact, rel=1e-9)


def test_two_logits_are_equal_on_the_boundary_and_no_other_is_larger():
    model, plane = network((12, 8), outputs=4, seed=5), plane_of((5,), 1)
    found = plane_decisions(model, plane, WINDOW, most=MOST)
    assert len(found.boundary) > 5
    places = found.boundary.mean(axis=1)
    logits = np.log(outputs(model, on(plane, places)))
    both = np.take_along_axis(logits, found.between, axis=1)
    assert both[:, 0] == pytest.approx(both[:, 1], abs=1e-5)
    assert both[:, 0] == pytest.approx(logits.max(axis=1), abs=1e-5)
    assert (found.between[:, 0] < found.between[:, 1]).all()


def small(*layers, shape=(4, 3), outputs=3):
    model = keras.Sequential([keras.Input(shape), *layers])
    if len(model.output_shape) > 2:
        model.add(L.Flatten())
    model.add(L.Dense(outputs, name="last"))
    random = np.random.default_rng(1)
    for weight in model.weights:
        if weight.dtype == "float32":
            low = 0.5 if "variance" in weight.name else -1.0
            weight.assign(random.uniform(low, 1.5, weight.shape))
    return model


def joined_layers(kind):
    entry = keras.Input((4, 3))
    both = [L.Dense(3, "relu")(entry), L.ReLU()(entry)]
    return keras.Model(entry, L.Dense(3)(L.Flatten()(getattr(L, kind)()(both))))


KINDS = {
    "ReLU": lambda: small(L.Dense(5), L.ReLU(max_value=0.7, negative_slope=0.1)),
    "relu6": lambda: small(L.Rescaling(20.0, -3.0), L.Dense(5, "relu6")),
    "LeakyReLU": lambda: small(L.Dense(5), L.LeakyReLU(0.4)),
    "PReLU": lambda: small(L.Dense(5), L.PReLU(shared_axes=[1])),
    "BatchNormalization": lambda: small(L.BatchNormalization(axis=1), L.Dense(5, "relu"), L.BatchNormalization()),
    "Normalization": lambda: small(L.Normalization(mean=[0.2, 0.4, 0.6], variance=[0.5, 1.0, 2.0]), L.ReLU()),
    "inverted": lambda: small(
        L.Normalization(axis=1, mean=[0.2, 0.4, 0.6, 0.1], variance=[0.5, 1.0, 2.0, 0.0], invert=True), L.ReLU()
    ),
    "Reshape": lambda: small(L.Reshape((2, 6)), L.Dense(3, "relu"), L.Flatten(data_format="channels_first")),
    "GlobalAveragePooling1D": lambda: small(L.Dense(5, "relu"), L.GlobalAveragePooling1D(data_format="channels_first")),
    "Dropout": lambda: small(L.Dense(5, "relu"), L.Dropout(0.5), L.GaussianNoise(1.0), L.Dense(4, "leaky_relu")),
    "members": lambda: small(
        L.Flatten(),
        L.EinsumDense("bi,kio->bko", (2, 4), activation="relu", bias_axes="ko"),
        L.EinsumDense("bki,kio->bko", (2, 4), activation="relu"),
        L.GlobalAveragePooling1D(),
    ),
    **{kind: lambda kind=kind: joined_layers(kind) for kind in ("Add", "Subtract", "Average", "Concatenate")},
}


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_keras_with_every_piecewise_linear_layer(kind):
    model, plane, places = KINDS[kind](), plane_of((4, 3)), grid_of(15)
    corners, logits = all_regions(model, plane)
    truth = outputs(model, on(plane, places))
    assert len(corners) > 1
    for place, expected in zip(places, truth, strict=True):
        nearest = min(range(len(corners)), key=lambda k: polygon_distances(place, corners[k][None])[0])
        assert logits[nearest] @ [1, *place] == pytest.approx(expected, rel=1e-4, abs=1e-4)


CURVED = {
    "tanh": lambda: small(L.Dense(5, "tanh", name="odd")),
    "gelu": lambda: small(L.Activation("gelu", name="odd")),
    "LayerNormalization": lambda: small(L.LayerNormalization(name="odd")),
    "Softmax": lambda: small(L.Softmax(name="odd")),
    "threshold": lambda: small(L.ReLU(threshold=0.5, name="odd")),
    "ELU": lambda: small(L.ELU(name="odd")),
}


@pytest.mark.parametrize("kind", CURVED)
def test_what_is_not_piecewise_linear_is_named(kind):
    with pytest.raises(ModelError, match='got layer "odd" .*; next: train a model with ReLUs') as caught:
        all_regions(CURVED[kind](), plane_of((4, 3)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["sigmoid", "hard_sigmoid", "linear"])
def test_one_output_unit_has_its_boundary_where_the_logit_is_0(ending):
    model = network((6,), outputs=1, seed=3)
    model.layers[-1].activation = keras.activations.get(ending)
    plane, places = plane_of((5,)), grid_of(30)
    found = plane_decisions(model, plane, WINDOW, most=MOST)
    values = outputs(model, on(plane, places))[:, 0]
    threshold = 0.0 if ending == "linear" else 0.5
    wanted = values > threshold
    got = np.array([found.classes[polygon_distances(place, found.corners).argmin()] for place in places])
    clear = np.abs(values - threshold) > 1e-5
    assert set(found.classes) == {0, 1}
    assert (got[clear] == wanted[clear]).all()


def test_units_that_are_the_same_make_no_slivers():
    model = network((8, 4), seed=1)
    kernel, bias = model.layers[0].get_weights()
    kernel[:, 4:], bias[4:] = 3 * kernel[:, :4], 3 * bias[:4]
    model.layers[0].set_weights([kernel, bias])
    corners, _ = all_regions(model, plane_of((5,)))
    assert len(corners) == len(set(patterns(model, on(plane_of((5,)), np.array([c.mean(0) for c in corners])))))


def test_classes_that_tie_everywhere_are_the_first_one():
    model = network((3,), seed=0)
    for layer in model.layers:
        layer.set_weights([0 * w for w in layer.get_weights()])
    found = plane_decisions(model, plane_of((5,)), WINDOW, most=MOST)
    assert found.classes.tolist() == [0]
    assert (len(found.regions), len(found.boundary)) == (1, 0)


def test_classes_that_tie_in_a_part_of_the_window():
    """An inactive unit leaves all logits at 0 on one side, where class 0 is predicted, and class 2 on the other."""
    model = network((1,), inputs=2)
    model.layers[0].set_weights([np.array([[1.0], [0.0]], "f4"), np.zeros(1, "f4")])
    model.layers[1].set_weights([np.array([[-1.0, 0.5, 1.0]], "f4"), np.zeros(3, "f4")])
    plane = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = plane_decisions(model, plane, WINDOW, most=MOST)
    sizes = np.bincount(found.classes, weights=polygon_areas(found.corners))
    assert sizes == pytest.approx([8, 0, 8])
    assert polygon_distances(np.array([-0.5, 0.0]), found.corners[found.classes == 2]).min() == pytest.approx(0.5)


def test_more_regions_than_allowed_are_not_made():
    model, plane = network((30, 30)), plane_of((5,))
    count = len(all_regions(model, plane)[0])
    assert len(all_regions(model, plane, most=count)[0]) == count
    with pytest.raises(OverflowError):
        all_regions(model, plane, most=count - 1)


def test_progress_says_how_much_is_divided():
    told = []
    found = list(linear_regions(network((9, 9)), plane_of((5,)), WINDOW, most=MOST, on_progress=told.append))
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 100, 100)
    assert told[-1].note == f"{sum(map(len, found)):,} regions"


def test_weights_that_are_not_finite_are_an_error():
    model = network((4,))
    model.layers[-1].set_weights([np.full_like(w, np.nan) for w in model.layers[-1].get_weights()])
    with pytest.raises(DataError, match="logits are finite numbers"):
        all_regions(model, plane_of((5,)))


def test_polygons_are_measured():
    square = np.array([[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [0.0, 2.0]]])
    assert polygon_areas(square) == pytest.approx([4.0])
    assert polygon_distances(np.array([1.0, 1.0]), square) == pytest.approx([0.0])
    assert polygon_distances(np.array([5.0, 6.0]), square) == pytest.approx([5.0])
    assert polygon_distances(np.array([-0.5, 1.0]), square) == pytest.approx([0.5])
    assert polygon_entries(np.array([-2.0, 1.0]), np.array([2.0, 1.0]), square) == pytest.approx([0.5])
    assert polygon_entries(np.array([1.0, 1.0]), np.array([9.0, 1.0]), square) == pytest.approx([0.0])
    for start, end in (((-1.0, 3.0), (3.0, 3.0)), ((-1.0, 1.0), (-0.1, 1.0)), ((-1.0, 1.0), (1.0, 3.0))):
        assert polygon_entries(np.array(start), np.array(end), square) == [np.inf]
