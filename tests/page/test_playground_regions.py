"""Linear regions and decision boundaries of the playground, in Node, against the forward pass on a grid."""

import itertools

import numpy as np
import pytest

from .node import run_script

IMPORTS = {
    "playground/dense_network.js": "DenseNetwork",
    "playground/drawing.js": "drawNetwork",
    "playground/regions.js": "area, cut, decisions, linearRegions",
}
SIDE = 3.0
GRID = 90
FORMS = [
    ([2, 8, 8, 2], "relu"),
    ([2, 6, 5], "leaky_relu"),
    ([2, 7, 6, 5, 4], "relu"),
    ([2, 3], "relu"),
    ([2, 9, 3], "linear"),
]

DIVIDE = """
  const network = new DenseNetwork(data.sizes, { activation: data.activation, loss: "categorical_crossentropy" });
  network.parameters.set(data.parameters);
  for (const unit of data.off ?? []) network.off[0][unit] = 1;
  const square = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map((point) => point.map((value) => data.side * value));
  const { regions, undivided } = linearRegions(network, square);
"""


def _network(sizes, seed):
    rng = np.random.default_rng(seed)
    parts = [
        part.ravel()
        for a, b in itertools.pairwise(sizes)
        for part in (rng.normal(size=(a, b)) * np.sqrt(2 / a), 0.7 * rng.normal(size=b))
    ]
    return np.concatenate(parts).astype(np.float32)


def _grid():
    """Points that no line of a network goes through."""
    steps = (np.arange(GRID) + 0.4142) / GRID * 2 * SIDE - SIDE
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def _inside(polygon, points):
    """Which points are inside a convex polygon, whatever the direction of its corners."""
    corners = np.array(polygon)
    edges = np.roll(corners, -1, axis=0) - corners
    sides = edges[:, 0] * (points[:, None, 1] - corners[:, 1]) - edges[:, 1] * (points[:, None, 0] - corners[:, 0])
    return (sides >= 0).all(axis=1) | (sides <= 0).all(axis=1)


@pytest.mark.parametrize(("sizes", "activation"), FORMS)
@pytest.mark.parametrize("off", [[], [0, 2]])
def test_regions_cover_the_square_once_and_hold_what_the_network_computes(sizes, activation, off):
    off = off if len(sizes) > 2 else []
    body = (
        DIVIDE
        + """
      const sums = network.forward(data.points, data.points.length / 2);
      return { regions, undivided, sums, areas: regions.map(({ polygon }) => area(polygon)) };
    """
    )
    points = _grid()
    given = {"sizes": sizes, "activation": activation, "parameters": _network(sizes, 1), "side": SIDE, "off": off}
    found = run_script(body, {**given, "points": points.astype(np.float32).ravel()}, imports=IMPORTS)
    assert found["undivided"] < 1e-4
    np.testing.assert_allclose(sum(found["areas"]), (2 * SIDE) ** 2, rtol=1e-12)
    inside = np.array([_inside(region["polygon"], points) for region in found["regions"]])
    assert (inside.sum(axis=0) == 1).mean() > 0.9999, "every point is in one region"
    outputs = np.array([region["outputs"] for region in found["regions"]])
    affine = outputs[inside.argmax(axis=0)]
    sums = (affine * np.c_[points, np.ones(len(points))][:, None]).sum(axis=2)
    np.testing.assert_allclose(sums, found["sums"].reshape(len(points), -1), atol=2e-5)


def test_each_region_is_one_pattern_of_units_that_fire_and_each_pattern_one_region():
    sizes, side = [2, 4, 3, 2], 300
    body = (
        DIVIDE
        + """
      network.forward(data.points, data.points.length / 2);
      const fires = network.values.slice(0, -1).map(({ sums }) => sums.map((value) => (value > 0 ? 1 : 0)));
      return { polygons: regions.map(({ polygon }) => polygon), fires };
    """
    )
    steps = (np.arange(side) + 0.4142) / side * 2 * SIDE - SIDE
    points = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    given = {"sizes": sizes, "activation": "relu", "parameters": _network(sizes, 4), "side": SIDE}
    found = run_script(body, {**given, "points": points.astype(np.float32).ravel()}, imports=IMPORTS)
    patterns = np.concatenate([found["fires"][0].reshape(-1, 4), found["fires"][1].reshape(-1, 3)], axis=1)
    pattern = patterns @ (2 ** np.arange(7))
    region = np.array([_inside(polygon, points) for polygon in found["polygons"]]).argmax(axis=0)
    pairs = np.unique(np.stack([pattern, region], axis=1), axis=0)
    assert len(pairs) == len(np.unique(pattern)) == len(np.unique(region))
    # no region is so small that no point of the grid is in it
    assert len(found["polygons"]) == len(pairs)


def test_units_with_the_same_line_make_one_cut():
    body = """
      const network = new DenseNetwork([2, 4, 2], { activation: "relu", loss: "categorical_crossentropy" });
      network.parameters.set(data.parameters);
      const square = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
      return linearRegions(network, square).regions.map(({ polygon }) => area(polygon));
    """
    kernel = np.outer([0.1, 0.7], [1, 3, -2, 0.3])
    parameters = np.concatenate([kernel.ravel(), 0.2 * np.array([1, 3, -2, 0.3]), np.zeros(10)]).astype(np.float32)
    areas = run_script(body, {"parameters": parameters}, imports=IMPORTS)
    assert len(areas) == 2
    np.testing.assert_allclose(sum(areas), 4, rtol=1e-6)


@pytest.mark.parametrize(("sizes", "activation"), FORMS)
def test_classes_and_their_boundaries_are_those_of_the_forward_pass(sizes, activation):
    body = (
        DIVIDE
        + """
      const { areas, boundary } = decisions(regions);
      const middles = boundary.flatMap(({ from, to }) => [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]);
      const at = network.forward(Float32Array.from(middles), boundary.length).slice();
      const sums = network.forward(data.points, data.points.length / 2);
      return { areas, boundary, at, sums, total: areas.reduce((sum, { polygon }) => sum + area(polygon), 0) };
    """
    )
    points, classes = _grid(), sizes[-1]
    given = {"sizes": sizes, "activation": activation, "parameters": _network(sizes, 5), "side": SIDE}
    found = run_script(body, {**given, "points": points.astype(np.float32).ravel()}, imports=IMPORTS)
    np.testing.assert_allclose(found["total"], (2 * SIDE) ** 2, rtol=1e-9)
    inside = np.array([_inside(each["polygon"], points) for each in found["areas"]])
    labels = np.array([each["label"] for each in found["areas"]])[inside.argmax(axis=0)]
    assert (labels == found["sums"].reshape(-1, classes).argmax(axis=1)).mean() > 0.9999
    assert found["boundary"]
    for piece, sums in zip(found["boundary"], found["at"].reshape(-1, classes), strict=True):
        one, other = piece["labels"]
        assert abs(sums[one] - sums[other]) < 2e-5, "both classes are equally likely on the boundary"
        assert sums[one] >= sums.max() - 2e-5, "and no other is more likely"


SURFACE = """
  const network = new DenseNetwork(data.sizes, { activation: data.activation, loss: "mean_squared_error" });
  network.parameters.set(data.parameters);
  const { areas, lines } = drawNetwork(network, { half: data.side, scale: { largest: 3, levels: data.levels } });
  const at = (points) => network.forward(points, points.length / 2).slice(0, points.length / 2);
  return { ...areas, values: at(data.points), heights: at(lines) };
"""


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "linear", "tanh"])
def test_the_surface_and_its_contours_have_the_values_of_the_network(activation):
    error = 0.05 if activation == "tanh" else 1e-4
    sizes, levels = [2, 8, 6, 1], np.arange(-6, 6.1, 0.5)
    points = np.random.default_rng(2).uniform(-SIDE, SIDE, (400, 2)).astype(np.float32)
    given = {"sizes": sizes, "activation": activation, "parameters": _network(sizes, 7), "side": SIDE}
    found = run_script(SURFACE, {**given, "points": points.ravel(), "levels": levels.tolist()}, imports=IMPORTS)
    polygons = np.split(found["points"].reshape(-1, 2).astype(float), found["ends"][:-1])
    inside = np.array([_inside(polygon, points) for polygon in polygons])
    surface = found["functions"].reshape(-1, 3)[inside.argmax(axis=0)]
    values = (surface * np.c_[points, np.ones(len(points))]).sum(axis=1)
    np.testing.assert_allclose(values[inside.any(axis=0)], found["values"][inside.any(axis=0)], atol=error)
    assert inside.any(axis=0).mean() > 0.99
    nearest = abs(found["heights"][:, None] - levels).argmin(axis=1)
    np.testing.assert_allclose(found["heights"], levels[nearest], atol=error)
    crossed = (levels > found["values"].min()) & (levels < found["values"].max())
    assert 1 < crossed.sum() == len(set(np.flatnonzero(crossed)) & set(nearest))


def test_a_curved_activation_has_no_regions():
    given = {"sizes": [2, 3, 2], "activation": "tanh", "parameters": _network([2, 3, 2], 0), "side": SIDE}
    body = f"try {{ {DIVIDE} }} catch (error) {{ return error.message; }}"
    assert "piecewise linear" in run_script(body, given, imports=IMPORTS)


@pytest.mark.parametrize(("hidden", "milliseconds"), [(1, 0), (2, 100), (6, 100)])
def test_a_plane_is_divided_no_longer_than_its_time(hidden, milliseconds):
    sizes = [2, *[128] * hidden, 2]
    given = {"sizes": sizes, "activation": "relu", "parameters": _network(sizes, 0), "side": SIDE}
    body = (
        "const start = performance.now();"
        + DIVIDE.replace("(network, square)", f"(network, square, {{ milliseconds: {milliseconds} }})")
        + """
      const seconds = (performance.now() - start) / 1000;
      return { seconds, undivided, total: regions.reduce((sum, { polygon }) => sum + area(polygon), 0) };
    """
    )
    found = run_script(body, given, imports=IMPORTS)
    assert found["seconds"] < 2, "six layers took 13 s"
    assert found["undivided"] > 0.1
    np.testing.assert_allclose(found["total"], 36, rtol=1e-9)


def test_where_the_time_is_up_the_classes_are_those_of_the_forward_pass():
    sizes = [2, *[128] * 6, 3]
    body = """
      const network = new DenseNetwork(data.sizes, { activation: "relu", loss: "categorical_crossentropy" });
      network.parameters.set(data.parameters);
      const start = performance.now();
      const { areas, undivided } = drawNetwork(network, { half: data.side, scale: null });
      const seconds = (performance.now() - start) / 1000;
      const sums = network.forward(data.points, data.points.length / 2);
      return { seconds, undivided, points: [...areas.points], ends: [...areas.ends], labels: [...areas.labels], sums };
    """
    points = _grid()[::7]
    given = {
        "sizes": sizes,
        "parameters": _network(sizes, 3),
        "side": SIDE,
        "points": points.astype(np.float32).ravel(),
    }
    found = run_script(body, given, imports=IMPORTS)
    assert found["seconds"] < 5
    assert found["undivided"] > 0.1
    polygons = np.split(np.reshape(found["points"], (-1, 2)), found["ends"][:-1])
    inside = np.array([_inside(polygon, points) for polygon in polygons])
    labels = np.array(found["labels"])[inside.argmax(axis=0)]
    assert (labels == found["sums"].reshape(-1, 3).argmax(axis=1)).mean() > 0.9
