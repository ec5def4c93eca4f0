"""Modules of the page that need no browser, in Node, against independent references."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

from cutaway.page.bundle import Bundle

from .node import run_script

ADDRESS = {"studio/data/data_address.js": "readData, readOptions"}
SEARCH = {"map/hit_test.js": "nearestPoint, pointsInside, pointsInBox, combineSelections, HIDDEN"}


def _positions(seed, count=400):
    random = np.random.default_rng(seed)
    return [random.integers(0, 2**16, 2 * count).astype(np.uint16) for _ in "ab"], random


@pytest.mark.parametrize("seed", range(3))
def test_a_lasso_finds_the_points_that_matplotlib_finds_inside(seed):
    (a, b), random = _positions(seed)
    t, states = 0.3, (random.random(400) < 0.2).astype(np.uint8)
    polygon = random.uniform(0, 65535, (7, 2))
    found = run_script(
        "return pointsInside({ a: data.a, b: data.b, t: data.t }, data.states, data.polygon);",
        {"a": a, "b": b, "t": t, "states": states, "polygon": polygon.ravel().astype(np.float64)},
        imports=SEARCH,
    )
    between = ((1 - t) * a + t * b.astype(float)).reshape(-1, 2)
    # even-odd, which matplotlib has for a path that crosses itself only by parts
    inside = np.zeros(400, bool)
    for k in range(1, 6):
        inside ^= Polygon(polygon[[0, k, k + 1]]).contains_points(between)
    assert found.tolist() == np.flatnonzero(inside & (states == 0)).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_a_pointer_finds_the_nearest_point_within_its_radius(seed):
    (a, b), random = _positions(seed)
    states = (random.random(400) < 0.2).astype(np.uint8)
    places = random.uniform(0, 65535, (20, 2))
    found = run_script(
        "return data.places.map(([x, y]) => nearestPoint({ a: data.a, b: data.b, t: 0.5 }, data.states, x, y, 2000));",
        {"a": a, "b": b, "states": states, "places": places.tolist()},
        imports=SEARCH,
    )
    between = (0.5 * a + 0.5 * b.astype(float)).reshape(-1, 2)
    distances = np.linalg.norm(between[None] - places[:, None], axis=-1) + 1e9 * states
    nearest = distances.argmin(axis=1)
    assert found == np.where(distances.min(axis=1) <= 2000, nearest, -1).tolist()


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_selections_are_sets(old, new):
    body = "return ['replace', 'add', 'remove'].map((how) => [...combineSelections(data.old, data.found, how)]);"
    data = {"old": np.array(sorted(old), np.int32), "found": np.array(sorted(new), np.int32)}
    assert run_script(body, data, imports=SEARCH) == [sorted(new), sorted(old | new), sorted(old - new)]


def test_labels_do_not_overlap_and_stay_inside():
    random = np.random.default_rng(0)
    labels = [
        {"x": float(x), "y": float(y), "width": float(w), "height": 18.0, "name": k}
        for k, (x, y, w) in enumerate(zip(*random.uniform(0, 300, (2, 60)), random.uniform(10, 90, 60), strict=True))
    ]
    placed = run_script(
        "return placeLabels(data.labels, 300, 300);", {"labels": labels}, imports={"map/groups.js": "placeLabels"}
    )
    assert placed[0]["name"] == 0, "the most important one has its place"
    assert 5 < len(placed) < 60
    for i, one in enumerate(placed):
        assert one["width"] / 2 <= one["x"] <= 300 - one["width"] / 2
        assert one["height"] / 2 <= one["y"] <= 300 - one["height"] / 2
        for other in placed[:i]:
            apart = abs(one["x"] - other["x"]) >= (one["width"] + other["width"]) / 2
            assert apart or abs(one["y"] - other["y"]) >= 18


def test_a_label_is_at_a_member_of_its_group_near_the_median():
    (a, b), _ = _positions(1)
    groups = np.arange(400, dtype=np.int32) % 4 - 1
    found = run_script(
        "return findGroups({ a: data.a, b: data.b, t: 0 }, new Uint8Array(400), data.groups, 3);",
        {"a": a, "b": b, "groups": groups},
        imports={"map/groups.js": "findGroups"},
    )
    assert sorted(part["group"] for part in found) == [0, 1, 2]
    for part in found:
        members = a.reshape(-1, 2)[groups == part["group"]] / 65535
        distances = np.linalg.norm(members - np.median(members, axis=0), axis=1)
        own = np.linalg.norm(members - [part["x"], part["y"]], axis=1)
        assert own.min() < 1e-6
        assert distances[own.argmin()] <= distances.min() + 0.02
        assert part["count"] == 100


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("seven", [("", "has", "seven", False)]),
        ("label:3 -right", [("label", "has", "3", False), ("", "has", "right", True)]),
        ('confidence<=0.5 name:"test[7] a"', [("confidence", "<=", "0.5", False), ("name", "has", "test[7] a", False)]),
        ("  ", []),
        ("label:", []),
        ("wrong confidence<=", [("", "has", "wrong", False)]),
        (":", [("", "has", ":", False)]),
        ("(((", [("", "has", "(((", False)]),
        ('-"hours per week">=40', [("hours per week", ">=", "40", True)]),
        ('"a b"', [("", "has", "a b", False)]),
        ('"a b":"c d"', [("a b", "has", "c d", False)]),
    ],
)
def test_a_search_is_read(text, terms):
    found = run_script("return parseSearch(data.text);", {"text": text}, imports={"explorer/search.js": "parseSearch"})
    assert [(t["key"], t["relation"], t["value"], t["not"]) for t in found] == terms


def test_a_store_calls_those_who_watch_what_changed_and_only_them():
    body = """
      const store = new Store({ a: 1, b: 2 }), heard = [];
      const end = store.watch(["a"], (state) => heard.push(["a", state.a]));
      store.watch(["b"], (state) => heard.push(["b", state.b]));
      store.set({ b: 2 });
      store.set({ a: 5 });
      end();
      store.set({ a: 6, b: 7 });
      return heard;
    """
    heard = run_script(body, imports={"core/store.js": "Store"})
    assert heard == [["a", 1], ["b", 2], ["a", 5], ["b", 7]]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint16", "uint32", "int16", "int32", "float32", "float64"])
def test_arrays_arrive_as_they_were_sent(dtype):
    bundle = Bundle()
    random = np.random.default_rng(0)
    arrays = [random.integers(0, 100, (40, 3)).astype(dtype), np.zeros((3, 500), dtype), np.zeros(0, dtype)]
    for array in arrays:
        bundle.add(array)
    bundle.add_texts(["a", 'b"\n', "ü", ""])
    assert [record["gzip"] for record in bundle.records[1:2]] == [True]
    assert gzip.decompress(bundle.data[1]) == arrays[1].tobytes()
    body = """
      const bundle = new Bundle(data.records, (k) => data.bytes[k]);
      const arrays = [];
      for (const k of [0, 1, 2]) arrays.push([...(await bundle.array(k))]);
      return [arrays, await bundle.texts(3)];
    """
    data = {"records": bundle.records, "bytes": [np.frombuffer(each, np.uint8) for each in bundle.data]}
    found, texts = run_script(body, data, imports={"core/bundle.js": "Bundle"})
    assert [np.array(each, dtype).tolist() for each in found] == [array.ravel().tolist() for array in arrays]
    assert texts == ["a", 'b"\n', "ü", ""]


def test_an_array_whose_bytes_did_not_come_is_asked_for_again():
    body = """
      let asked = 0;
      const read = (k) => {
        asked += 1;
        if (asked === 1) throw new Error("away");
        return data.bytes[k];
      };
      const bundle = new Bundle(data.records, read);
      const first = await bundle.array(0).then(() => "there", (error) => error.message);
      await new Promise((done) => setTimeout(done));
      const second = await bundle.array(0);
      await bundle.array(0);
      return [first, [...second], asked];
    """
    bundle = Bundle()
    bundle.add(np.array([3, 1, 2], np.uint8))
    data = {"records": bundle.records, "bytes": [np.frombuffer(each, np.uint8) for each in bundle.data]}
    first, second, asked = run_script(body, data, imports={"core/bundle.js": "Bundle"})
    assert (first, list(second), asked) == ("away", [3, 1, 2], 2)


def test_numbers_get_the_colors_of_the_ramp():
    body = """
      const palette = rampPalette(["#000000", "#ff0000", "#ffffff"], "#808080");
      const codes = numberCodes(data.values, 0, 2);
      return [...codes].map((code) => [...palette.subarray(4 * code, 4 * code + 3)]);
    """
    values = np.array([0, 1, 2, 3, -1, np.nan], np.float32)
    found = run_script(body, {"values": values}, imports={"core/colors.js": "rampPalette, numberCodes"})
    assert found == [[0, 0, 0], [255, 0, 0], [255, 255, 255], [255, 255, 255], [0, 0, 0], [128, 128, 128]]


@pytest.mark.parametrize("text", ["", "upload/%", "upload/%E0", "folder/x/a.csv", "other/a", "bundled/a/b"])
def test_a_text_that_names_no_data_is_none(text):
    assert run_script("return readData(data.text);", {"text": text}, imports=ADDRESS) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"label": "kind", "ignore": ["size"], "test": "folder/0/a%25.csv", "test_share": 0.3}', None),
        ('{"ignore": "size"}', "ignore"),
        ('{"category": ["size", 1]}', "category"),
        ('{"test": "../x"}', "test"),
        ('{"test": "%"}', "test"),
        ('{"test": 5}', "test"),
        ("[1]", "options"),
        ("{", "options"),
    ],
)
def test_options_of_an_address_are_all_used_or_the_wrong_one_is_named(text, name):
    script = "try { return readOptions(data.text); } catch ({ message }) { return message; }"
    found = run_script(script, {"text": text}, imports=ADDRESS)
    assert f'"{name}"' in found if name else found == json.loads(text)
