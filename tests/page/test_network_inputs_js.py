"""How the page's script makes inputs of drawings and of rows, and places new samples, in Node, against Python."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw
from scipy.special import ndtri
from scipy.stats import norm
from sklearn.utils import murmurhash3_32

from cutaway.data import Centering, Preparation, load_dataset, read_new_image
from cutaway.data.images import center_ink
from cutaway.data.preparation import PARTS, CategoryStep, DateStep, HashStep, NumberStep
from cutaway.embedding.tsne.affinities import conditional_affinities

DRAWING = {"network/drawing.js": "prepareDrawing, drawStrokes, penRadius", "network/centering.js": "centerInk"}
PREPARING = {"network/preparing.js": "prepareRow"}
PLACING = {"network/placing.js": "nearestRows, neighborWeights, placeAmong"}

CENTER = "return data.images.map((image) => centerInk(image, data.made)?.values ?? null);"


def gray(image):
    return {"values": np.asarray(image, np.uint8).reshape(-1), "width": image.shape[1], "height": image.shape[0]}


def strokes(seed, width=280, height=280):
    """An image of some thick lines and arcs, white on black."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 4)):
        points = [tuple(point) for point in rng.uniform(20, (width - 20, height - 20), (3, 2)).tolist()]
        draw.line(points, fill=255, width=int(rng.integers(1, 30)), joint="curve")
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def made(rule, height, width):
    return {"rule": rule, "size": {"width": width, "height": height}}


@pytest.mark.parametrize(
    ("rule", "shape", "tolerance"),
    # Pillow 13 scales some images first in height, and rounds levels in between; a bitmap may differ in a pixel,
    # and its blocks by one of 16
    [("mass", (28, 28), 1), ("mass", (20, 33), 12), ("upright", (8, 8), 16), ("upright", (5, 9), 16)],
)
def test_drawings_are_centered_as_python_centers_images(run_script, rule, shape, tolerance):
    mnist = load_dataset("mnist").sources["test"].x[:20].reshape(-1, 28, 28)
    large = [np.asarray(Image.fromarray(digit).resize((200, 150), Image.Resampling.BICUBIC)) for digit in mnist[:5]]
    noisy = np.clip(40 + 0.6 * large[0] + np.random.default_rng(0).normal(0, 6, large[0].shape), 0, 255)
    small = [np.eye(3, dtype=np.uint8) * 255, np.pad(np.full((5, 1), 200, np.uint8), 1)]
    images = [*mnist, *large, *(255 - one for one in large), noisy.astype(np.uint8), *small]
    images += [strokes(seed) for seed in range(12)]
    given = {"images": [gray(image) for image in images], "made": made(rule, *shape)}
    found = run_script(CENTER, given, imports=DRAWING)
    differences = []
    for image, ours in zip(images, found, strict=True):
        expected = center_ink(image, shape=shape, centering=Centering(rule))
        assert expected is not None
        differences.append(np.abs(ours.reshape(shape).astype(int) - expected))
    assert np.max(differences) <= tolerance
    assert np.mean(np.array(differences) > 1) < 0.01


@pytest.mark.parametrize("image", [np.zeros((50, 60)), np.full((50, 60), 255), np.zeros((1, 1)), np.full((9, 9), 7)])
def test_nothing_drawn_is_no_digit(run_script, image):
    assert center_ink(image.astype(np.uint8), shape=(8, 8), centering=Centering("upright")) is None
    given = {"images": [gray(image)], "made": made("upright", 8, 8)}
    assert run_script(CENTER, given, imports=DRAWING) == [None]


@pytest.mark.parametrize(
    ("shape", "scale", "centering"),
    [
        ((28, 28), 255.0, Centering("mass")),
        ((28, 28), 1.0, Centering("mass", dark_ink=True)),
        ((8, 8), 16.0, Centering("upright")),
        ((8, 8), 16.0, None),
        ((20, 30), 1.0, None),
        ((32, 24, 3), 255.0, None),
    ],
)
def test_a_drawing_becomes_the_input_that_its_file_would_become(run_script, tmp_path, shape, scale, centering):
    rule, paper = (None, 0) if centering is None else (centering.rule, 255 * centering.dark_ink)
    spec = {"shape": list(shape), "scale": scale, "centering": rule, "paper": paper}
    body = "return data.sheets.map((sheet) => prepareDrawing(data.spec, sheet));"
    sheets = [strokes(seed, 300, 200) for seed in range(3)]
    found = run_script(body, {"spec": spec, "sheets": [gray(sheet) for sheet in sheets]}, imports=DRAWING)
    for sheet, ours in zip(sheets, found, strict=True):
        path = tmp_path / "drawing.png"
        Image.fromarray(sheet).save(path)
        expected = read_new_image(path, shape=shape, scale=scale, centering=centering).astype(np.float32)
        np.testing.assert_allclose(ours["input"].reshape(shape), expected, atol=1.01 * scale / 255)
        assert (ours["isEmpty"], ours["image"]["width"]) == (False, shape[1])


def test_an_empty_sheet_and_dark_ink_on_white_paper(run_script):
    body = """
      const sheet = drawStrokes(data.strokes, { width: 60, height: 40 }, 3);
      return [sheet, prepareDrawing(data.spec, sheet)];
    """
    spec = {"shape": [4, 6], "scale": 255, "centering": None, "paper": 255}
    line = [{"x": 10.0, "y": 20.0, "pressure": 1}, {"x": 50.0, "y": 20.0, "pressure": 1}]
    sheet, prepared = run_script(body, {"spec": spec, "strokes": [line]}, imports=DRAWING)
    drawn = sheet["values"].reshape(40, 60)
    assert set(np.flatnonzero(drawn.max(axis=1))) == set(range(17, 23))
    assert drawn[18, 7:53].all()
    assert not drawn[:, :6].any()
    assert drawn.sum() / 255 == pytest.approx(40 * 6 + np.pi * 9, rel=0.02), "the area of a bar with round ends"
    image = prepared["image"]["values"].reshape(4, 6)
    assert image[0].min() > 240
    assert image[1:3, 2:4].max() < 200
    for paper in (0, 255):
        given = {"spec": spec | {"paper": paper}, "strokes": []}
        _, empty = run_script(body, given, imports=DRAWING)
        assert empty["isEmpty"]
        assert set(empty["input"]) == {paper}
    _, dot = run_script(body, {"spec": spec, "strokes": [line[:1]]}, imports=DRAWING)
    assert not dot["isEmpty"]


def test_a_pen_that_follows_the_drawing_draws_the_same_digit_in_every_size(run_script):
    body = """
      const size = { width: 280, height: 280 };
      return data.sizes.map((side) => {
        const points = data.digit.map(([x, y]) => ({ x: 9 + side * x, y: 20 + side * y, pressure: 1 }));
        const radius = penRadius([points], { size, follows: true });
        const { values } = prepareDrawing(data.spec, drawStrokes([points], size, radius)).image;
        return [radius, values];
      });
    """
    spec = {"shape": [28, 28], "scale": 255, "centering": "mass", "paper": 0}
    eight = [[0.5 + 0.3 * np.sin(2 * t), 0.5 - 0.5 * np.cos(t)] for t in np.linspace(0, 2 * np.pi, 60)]
    sizes = [40, 60, 120, 240]
    found = run_script(body, {"digit": eight, "sizes": sizes, "spec": spec}, imports=DRAWING)
    large = found[-1][1].sum(dtype=int)
    for side, (radius, values) in zip(sizes, found, strict=True):
        assert radius == pytest.approx(0.07 * side, rel=0.01)
        assert values.sum(dtype=int) == pytest.approx(large, rel=0.1), "a pen of one width would fill the small ones"
    radii = """
      const options = { size: { width: 100, height: 70 }, follows: data.follows };
      const drawings = [[], [[{ x: 5, y: 5 }]], [[{ x: 5, y: 9 }], [{ x: 45, y: 5 }]]];
      return drawings.map((strokes) => penRadius(strokes, options));
    """
    assert run_script(radii, {"follows": True}, imports=DRAWING) == pytest.approx([1.5, 1.5, 2.8])
    assert run_script(radii, {"follows": False}, imports=DRAWING) == pytest.approx([4.2, 4.2, 4.2])


STEPS = (
    CategoryStep(column="city", values=("Oslo", "a=b"), other=True, indicator=True),
    NumberStep(column="x", fill=2.0, center=1.0, scale=0.5, low=0, high=3),
    DateStep(column="d", parts=("weekday cos",), fill=0.0, center=0.0, scale=1.0),
    NumberStep(column="y", fill=-1.0, indicator=True, center=0.1, scale=1e-9, low=0, high=1),
    CategoryStep(column="few", values=(), other=True),
    HashStep(column="many", inputs=32),
    NumberStep(column="rank", fill=3.0, indicator=True, quantiles=(0, 1, 1, 1, 2.5, 4, 4, 9), low=0, high=9),
    DateStep(column="when", parts=PARTS, fill=951_825_600.0, indicator=True, center=1e9, scale=3e8),
    CategoryStep(column="n", values=("-3", "3"), indicator=False),
)
CELLS = {
    "city": ["a=b", None, "Rome", "Oslo", "Oslo"],
    "x": [1.5, None, 2.0, -7.0, 1e9],
    "d": [0.0, 86_400.0, None, 9e8, -1.0],
    "y": [None, 0.1, 0.7, 0.1 + 3e-10, 0.0],
    "few": ["a", "b", "", "b", None],
    "many": ["x", "much", None, "größer als 日本", "abcdefgh"],
    "rank": [None, 1.0, 0.5, -2.0, 3.3],
    "when": [None, 0.0, -5e8, 1.7e9, 951_782_400.0],
    "n": ["3", "-3", "3", "4", None],
}


def test_rows_are_prepared_as_python_prepares_them(run_script):
    preparation = Preparation(steps=STEPS, rows=1)
    rows = [dict(zip(CELLS, row, strict=True)) for row in zip(*CELLS.values(), strict=True)]
    body = "return data.rows.map((cells) => prepareRow(data.preparation, cells));"
    found = run_script(body, {"rows": rows, "preparation": preparation.to_record()}, imports=PREPARING)
    kinds = preparation.columns
    arrays = {
        name: pa.chunked_array([pa.array(values, pa.string() if kinds[name] == "category" else pa.float64())])
        for name, values in CELLS.items()
    }
    expected, _ = preparation.apply(arrays)
    np.testing.assert_allclose(np.stack(found), expected, rtol=1e-6, atol=1e-6)


def test_columns_may_have_the_names_of_what_every_object_has(run_script):
    names = ["constructor", "__proto__", "toString"]
    steps = tuple(CategoryStep(column=name, values=("a",), other=True, indicator=True) for name in names)
    body = "return [{}, data.cells].map((cells) => prepareRow(data.preparation, cells));"
    cells = {"constructor": "a", "__proto__": None, "toString": "a"}
    record = Preparation(steps=steps, rows=1).to_record()
    unknown, known = run_script(body, {"preparation": record, "cells": cells}, imports=PREPARING)
    assert unknown.tolist() == [0, 0, 1] * 3
    assert known.tolist() == [1, 0, 0, 0, 0, 1, 1, 0, 0]


def test_dates_of_every_kind_of_year(run_script):
    days = np.arange("1599-12-25", "2405-01-05", 7, dtype="datetime64[D]").astype("datetime64[s]").astype(float)
    seconds = days + np.random.default_rng(0).uniform(0, 86_399, len(days))
    step = DateStep(column="when", parts=PARTS, fill=0.0, center=1e9, scale=3e8)
    body = "return Array.from(data.seconds, (when) => prepareRow(data.preparation, { when }));"
    record = Preparation(steps=(step,), rows=1).to_record()
    found = run_script(body, {"seconds": seconds, "preparation": record}, imports=PREPARING)
    expected = np.empty((len(seconds), len(PARTS)), np.float32)
    step.apply(pa.chunked_array([pa.array(seconds)]), expected)
    np.testing.assert_allclose(np.stack(found), expected, atol=2e-6)


def test_dates_in_text_are_read_in_utc(run_script):
    step = DateStep(column="when", parts=("time",), fill=5.0, center=0.0, scale=1.0)
    texts = ["2020-02-29", "2020-02-29T12:30", "2020-02-29 12:30:15", "2020-02-29T12:30:00+02:00", "", "nonsense"]
    body = "return data.texts.map((when) => prepareRow(data.preparation, { when })[0]);"
    found = run_script(
        body, {"texts": texts, "preparation": Preparation(steps=(step,), rows=1).to_record()}, imports=PREPARING
    )
    day = 1_582_934_400
    expected = [day, day + 45_000, day + 45_015, day + 37_800, 5, 5]
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


def test_the_normal_distribution_and_hashes(run_script):
    x = np.linspace(-7, 7, 1001)
    p = np.concatenate([norm.cdf(np.linspace(-5.2, 5.2, 500)), [1e-7, 1 - 1e-7, 0.0, 1.0, 0.5]])
    words = ["", "a", "ab", "abc", "abcd", "größe", "日本語 text", "x" * 100]
    body = """
      const quantiles = Array.from(data.p.map(normalQuantile), String);
      return [data.x.map(normalProbability), quantiles, data.words.map(murmurHash)];
    """
    normal = {"network/activations.js": "normalProbability, normalQuantile"}
    imports = normal | {"network/preparing.js": "murmurHash"}
    found = run_script(body, {"x": x, "p": p, "words": words}, imports=imports)
    np.testing.assert_allclose(found[0], norm.cdf(x), atol=1e-15, rtol=1e-4)
    ours = np.array([float(text.replace("Infinity", "inf")) for text in found[1]])
    np.testing.assert_allclose(ours, ndtri(p), rtol=1e-7, atol=1e-9)
    assert found[2] == [murmurhash3_32(word, seed=0) for word in words]


def test_the_nearest_rows_are_those_of_the_exact_search(run_script):
    rng = np.random.default_rng(0)
    rows, queries = rng.normal(size=(500, 40)).astype(np.float32), rng.normal(size=(5, 40)).astype(np.float32)
    rows[7] = rows[3]
    body = "return data.queries.map((row) => nearestRows(data.rows, row, 9));"
    given = [*queries, rows[3]]
    found = run_script(body, {"rows": rows.reshape(-1), "queries": given}, imports=PLACING)
    for query, ours in zip(given, found, strict=True):
        distances = np.linalg.norm(rows.astype(float) - query, axis=1)
        np.testing.assert_array_equal(ours["index"], np.argsort(distances, kind="stable")[:9])
        np.testing.assert_allclose(ours["distance"], np.sort(distances)[:9], rtol=1e-6, atol=1e-7)
    few = run_script("return nearestRows(data.rows, data.rows, 9);", {"rows": rows[0]}, imports=PLACING)
    assert few["index"].tolist() == [0]
    assert few["distance"].tolist() == [0.0]


@pytest.mark.parametrize(
    "squared",
    [
        np.sort(np.random.default_rng(0).uniform(1, 9, 15)),
        np.sort(np.random.default_rng(1).uniform(1000, 1000.1, 15)),
        np.array([0, 0, 0, 0, 0, 0, 3.0, 4.0]),
        np.full(15, 2.0),
        np.array([1.0, 2.0, 9.0]),
        np.array([0, 0, 1.0, 4.0, 9.0, 1e4, 1e6]),
    ],
)
def test_weights_of_neighbors_have_the_perplexity(run_script, squared):
    distances = np.sqrt(squared)
    found = run_script("return neighborWeights(data.distances);", {"distances": distances}, imports=PLACING)
    expected = conditional_affinities((distances**2).astype(np.float32)[None], 5.0)[0]
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_new_samples_land_where_python_begins_to_place_them(run_script):
    rng = np.random.default_rng(0)
    centers = rng.normal(0, 8, (4, 20))
    rows = (np.repeat(centers, 60, axis=0) + rng.normal(size=(240, 20))).astype(np.float32)
    xy = (np.repeat(rng.normal(0, 30, (4, 2)), 60, axis=0) + rng.normal(size=(240, 2))).astype(np.float32)
    new = (centers[[0, 1, 2, 3, 1]] + rng.normal(size=(5, 20))).astype(np.float32)
    body = """
      return data.queries.map((row) => placeAmong(data.xy, nearestRows(data.rows, row)));
    """
    given = {"rows": rows.reshape(-1), "xy": xy.reshape(-1), "queries": list(new)}
    found = np.array(run_script(body, given, imports=PLACING))
    squared = ((rows.astype(float) - new[0]) ** 2).sum(axis=1)
    at = np.argsort(squared)[:15]
    weights = conditional_affinities(squared[at][None].astype(np.float32), 5.0)[0]
    order = np.argsort(xy[at, 0])
    middle = order[(np.cumsum(weights[order]) < 0.5).sum()]
    assert found[0, 0] == pytest.approx(xy[at[middle], 0])
    groups = np.repeat(np.arange(4), 60)
    for place, group in zip(found, [0, 1, 2, 3, 1], strict=True):
        assert np.linalg.norm(place - xy[groups == group].mean(axis=0)) < 3
