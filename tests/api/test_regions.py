"""Distances and changes on the plane through three samples against the model's own predictions, and what is refused."""

import numpy as np
import pytest

import cutaway as ct


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Four classes in six columns, in units in which 4 is fed as 1."""
    random = np.random.default_rng(0)
    y = np.arange(800) % 4
    x = random.normal(size=(800, 6)).astype(np.float32)
    x[np.arange(800), y] += 3.0
    data = ct.Dataset.from_arrays(x[:600], y[:600], x_test=x[600:], y_test=y[600:], scale=4.0, name="planes")
    runs = tmp_path_factory.mktemp("runs")
    return ct.train(ct.mlp((24, 12)), data, epochs=20, seed=0, runs=runs, progress=False)


THREE = ["test[0]", "test[1]", "test[6]"]


@pytest.fixture(scope="module")
def found(run):
    return run.regions(THREE, margin=0.6, progress=False)


def at(found, places):
    """Prepared inputs at places (u, v)."""
    return found.plane[0] + places[:, :1] * found.plane[1] + places[:, 1:] * found.plane[2]


def predicted(run, found, places):
    return np.asarray(run.context.model()(at(found, places).astype(np.float32))).argmax(axis=1).astype(str)


def place(each):
    return np.array([each.u, each.v])


def test_the_plane_goes_through_the_samples_and_keeps_distances(run, found):
    places = np.array([place(each) for each in found.samples])
    x = run.data.x(run.context.samples(THREE)).astype(float)
    np.testing.assert_allclose(4.0 * at(found, places), x, atol=1e-12)
    np.testing.assert_allclose(found.plane[1:] @ found.plane[1:].T, np.eye(2), atol=1e-12)
    for way in found.ways:
        start, end = THREE.index(way.sample), THREE.index(way.toward)
        assert way.length == pytest.approx(np.linalg.norm(x[start] - x[end]) / 4.0)
    sides = np.ptp(found.window, axis=0)
    assert sides[0] == pytest.approx(sides[1]) == pytest.approx(2.2 * np.ptp(places, axis=0).max())


def test_what_is_said_of_samples_is_what_the_model_predicts(run, found):
    labels, rows = run.labels(split="test"), run.data.x(run.split.test)
    for each in found.samples:
        number = int(each.sample[5:-1])
        assert each.label == str(labels[number])
        assert each.predicted == str(run.predict(rows[number : number + 1])[0].argmax())


def test_no_direction_changes_the_prediction_before_the_distance_and_one_does_after_it(run, found):
    angles = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    exact = [each for each in found.samples if each.distance is not None and each.distance <= each.edge]
    assert len(exact) >= 2
    for each in exact:
        for share in (0.3, 0.7, 0.999):
            assert set(predicted(run, found, place(each) + share * each.distance * ring)) == {each.predicted}
        beyond = set(predicted(run, found, place(each) + 1.002 * each.distance * ring))
        assert each.beyond in beyond - {each.predicted}


def test_the_prediction_changes_on_the_way_where_it_is_said(run, found):
    places = {each.sample: place(each) for each in found.samples}
    own = {each.sample: each.predicted for each in found.samples}
    assert len(found.ways) == 6
    assert any(way.change is not None for way in found.ways)
    for way in found.ways:
        start, end = places[way.sample], places[way.toward]
        direction = (end - start) / np.linalg.norm(end - start)
        last = way.length if way.change is None else way.change - 1e-4
        before = start + np.linspace(0, last, 300)[:, None] * direction
        assert set(predicted(run, found, before)) == {own[way.sample]}
        if way.change is not None:
            after = start + (way.change + 1e-4) * direction
            assert predicted(run, found, after[None]).tolist() == [way.becomes]
        else:
            assert own[way.toward] == own[way.sample]


def test_areas_are_shares_of_a_grid_of_predictions(run, found):
    steps = (np.arange(150) + 0.5) / 150
    low, high = found.window[0], found.window[2]
    places = low + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * (high - low)
    classes, counts = np.unique(predicted(run, found, places), return_counts=True)
    shares = dict(zip(classes.tolist(), (counts / counts.sum()).tolist(), strict=True))
    assert sum(area.share for area in found.areas) == pytest.approx(1)
    for area in found.areas:
        assert area.share == pytest.approx(shares.get(area.label, 0.0), abs=0.01)


def test_what_is_shown_is_what_was_found(found):
    assert found.count == len(found.decisions.regions) > 20
    assert f"{found.count:,} linear regions" in repr(found)
    table = found.to_pandas()
    assert table["sample"].tolist() == THREE
    assert table["distance"].tolist() == pytest.approx([each.distance for each in found.samples])
    answer = found.to_json()
    assert answer["linear_regions"] == found.count
    assert answer["samples"][1]["u"] == found.samples[1].u
    axes = found.plot().axes[0]
    filled, edges, boundary = axes.collections[:3]
    assert len(filled.get_paths()) == len(found.decisions.corners)
    assert len(edges.get_paths()) == found.count
    assert len(boundary.get_segments()) == len(found.decisions.boundary)


def test_a_window_without_a_boundary_says_so_and_a_larger_one_finds_it(run):
    rows, others = run.data.x(run.split.test), run.labels(split="test") != 0
    typical = (np.linalg.norm(rows - rows[~others].mean(axis=0), axis=1) + 100 * others).argsort()
    names = [run.split.test[int(k)] for k in typical[:3]]
    near = run.regions(names, margin=0.0, progress=False)
    assert [each.distance for each in near.samples] == [each.beyond for each in near.samples] == [None] * 3
    assert all(way.change is None for way in near.ways)
    assert "all of the window is predicted as 0" in repr(near)
    assert "over 0.000" in near.tables()[0].texts()[0]["Boundary"]
    assert np.isnan(near.to_pandas()["distance"].astype(float)).all()
    assert "try a larger margin" in near.tables()[0].notes[1]
    assert near.plot().axes
    far = run.regions(names, margin=3.0, progress=False)
    assert all(each.distance is not None for each in far.samples)
    assert far.count > near.count


def test_samples_that_are_images_are_drawn_beside_the_plane(digits_run):
    found = digits_run.regions([digits_run.split.test[k] for k in (0, 1, 2)], progress=False)
    assert found.pictures.shape == (3, 8, 8)
    figure = found.plot()
    assert len(figure.axes) == 4
    assert [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes[1:]] == [e.sample for e in found.samples]
    assert found.plane.shape == (3, 8, 8)
    assert found.plane[0].max() == 1.0


def test_an_epoch_can_be_chosen(run):
    first = run.regions(THREE, epoch=0, progress=False)
    assert first.epoch == 0
    assert first.to_json()["samples"] != run.regions(THREE, progress=False).to_json()["samples"]


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["test[0]", "test[1]"], {}, "a plane goes through three samples; got "),
        ("test[0]", {}, "a plane goes through three samples; got 'test\\[0\\]'"),
        (
            ["test[0]", "test[1]", "test[0]"],
            {},
            "if they do not lie on a line; got test\\[0\\], test\\[1\\], test\\[0\\]",
        ),
        (["test[0]", "test[0]", "test[1]"], {}, "if they do not lie on a line"),
        (["test[0]", "test[0]", "test[00]"], {}, "if they do not lie on a line"),
        (["test[0]", "test[1]", "test[99999]"], {}, "test\\[99999\\]"),
        (THREE, {"margin": -0.1}, "margin is a number from 0 to 10; got -0.1"),
        (THREE, {"margin": float("nan")}, "margin is a number from 0 to 10; got nan"),
        (THREE, {"margin": "1"}, "margin is a number from 0 to 10; got '1'"),
        (THREE, {"epoch": 99}, "99"),
    ],
)
def test_what_is_no_plane_is_said_in_a_line(run, names, options, words):
    with pytest.raises(ct.CutawayError, match=words) as caught:
        run.regions(names, progress=False, **options)
    assert "\n" not in str(caught.value)


def test_samples_on_a_line_make_no_plane(tmp_path):
    x = np.arange(12, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    data = ct.Dataset.from_arrays(x[:6], np.arange(6) % 2, x_test=x[6:], y_test=np.arange(6) % 2, name="line")
    run = ct.train(ct.mlp((4,)), data, epochs=1, seed=0, runs=tmp_path, progress=False)
    with pytest.raises(ct.CutawayError, match="if they do not lie on a line"):
        run.regions([*THREE[:2], "test[5]"], progress=False)


def test_too_many_regions_have_a_next_step(run, monkeypatch):
    monkeypatch.setattr("cutaway.topics.regions.measuring.MOST", 10)
    with pytest.raises(
        ct.CutawayError, match="at most 10; got more in a square .*next: choose samples that are closer"
    ):
        run.regions(THREE, progress=False)


def test_a_curved_model_is_refused(tmp_path):
    run = ct.train(ct.mlp((4,), activation="tanh"), "digits", epochs=1, seed=0, runs=tmp_path, progress=False)
    with pytest.raises(ct.CutawayError, match=r"got layer .* \(Dense, tanh\)"):
        run.regions([run.split.test[k] for k in range(3)], progress=False)
