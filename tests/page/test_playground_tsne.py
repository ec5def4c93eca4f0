"""t-SNE of the playground, in Node, against SciPy, scikit-learn and cutaway's own engine."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.decomposition import PCA
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.neighbors import NearestNeighbors

from cutaway.embedding.tsne.fit import tsne
from cutaway.embedding.tsne.kernels.step import gradient_step
from cutaway.embedding.tsne.schedule import phases_for
from cutaway.embedding.tsne.settings import check_perplexity_fits, make_settings
from cutaway.errors import UsageError

from .node import run_script

FOLDER = "playground/tsne"
TOYS = ("two", "sizes", "three", "cloud", "walk", "line", "parallel", "grid", "ring", "rings")
EXPERIMENT = {f"{FOLDER}/experiment.js": "Experiment, MAX_STEPS", f"{FOLDER}/toy_data.js": "makeToy, toyOfDigits"}
SETTINGS = {
    "data": "two",
    "points": 60,
    "dimensions": 3,
    "seed": 0,
    "start": "pca",
    "perplexity": 15,
    "learningRate": "auto",
}
MAKE = "const experiment = new Experiment(makeToy(data.settings), data.settings);"


def affinities(x, perplexity):
    """What the page computes: conditional affinities, betas, joint affinities and the sum of p log p."""
    body = """
      const squared = squaredDistances(data.x, data.x.length / data.n);
      const { p, betas } = conditionalAffinities(squared, data.perplexity);
      return { squared, p, betas, joint: jointAffinities(p) };
    """
    imports = {
        f"{FOLDER}/distances.js": "squaredDistances",
        f"{FOLDER}/affinities.js": "conditionalAffinities, jointAffinities",
    }
    n = len(x)
    found = run_script(body, {"x": x.ravel(), "n": n, "perplexity": perplexity}, imports=imports)
    p, joint = found["p"].reshape(n, n), found["joint"]["p"].reshape(n, n)
    return found["squared"].reshape(n, n), p, found["betas"], joint, found["joint"]["negativeEntropy"]


def kernel_row(squared, i, perplexity):
    """The affinities to a point, by SciPy's root finder."""
    others = np.delete(squared[i], i)

    def row(beta):
        weights = np.exp(-beta * (others - others.min()))
        return weights / weights.sum()

    def excess(log_beta):
        p = row(np.exp(log_beta))
        return -np.sum(p[p > 0] * np.log(p[p > 0])) - np.log(perplexity)

    return np.insert(row(np.exp(brentq(excess, -30, 30, xtol=1e-13))), i, 0)


@pytest.mark.parametrize(("columns", "perplexity"), [(2, 2), (3, 15.5), (50, 26)])
def test_affinities_are_those_of_scipy_and_scikit_learn(columns, perplexity):
    x = np.random.default_rng(columns).normal(size=(80, columns)) * np.linspace(0.1, 30, 80)[:, None]
    squared, p, betas, joint, negative_entropy = affinities(x, perplexity)
    np.testing.assert_allclose(squared, cdist(x, x, "sqeuclidean"), rtol=1e-12)
    expected = np.array([kernel_row(squared, i, perplexity) for i in range(80)])
    np.testing.assert_allclose(p, expected, atol=1e-8)
    weights = np.exp(-betas[:, None] * (squared - np.where(np.eye(80) == 1, np.inf, squared).min(axis=1)[:, None]))
    np.fill_diagonal(weights, 0)
    np.testing.assert_allclose(p, weights / weights.sum(axis=1, keepdims=True), rtol=1e-9, atol=1e-300)
    reference = squareform(_joint_probabilities(squared.astype(np.float32), perplexity, 0))
    np.testing.assert_allclose(joint, reference, rtol=2e-3, atol=1e-7)
    assert joint.sum() == pytest.approx(1)
    assert negative_entropy == pytest.approx(np.sum(joint[joint > 0] * np.log(joint[joint > 0])))


def test_points_with_as_many_nearest_as_the_perplexity_attract_these_alike():
    side = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1).reshape(-1, 2)
    squared, p, betas, _, _ = affinities(side, 2)
    np.testing.assert_array_equal(p, (squared == 1) / (squared == 1).sum(axis=1, keepdims=True))
    assert np.isinf(betas).all()
    _, p, betas, joint, _ = affinities(np.zeros((20, 3)), 5)
    np.testing.assert_allclose(p, (1 - np.eye(20)) / 19)
    assert (betas == 0).all()
    assert joint.sum() == pytest.approx(1)


def test_forces_are_a_quarter_of_the_gradient_of_the_divergence():
    rng = np.random.default_rng(3)
    n, xy = 40, rng.normal(size=(40, 2)) * 3
    joint = affinities(rng.normal(size=(n, 5)), 10)[3]
    body = """
      const { p, xy } = data;
      const negativeEntropy = p.reduce((sum, value) => sum + (value ? value * Math.log(value) : 0), 0);
      return { one: forces(p, xy, 1), twelve: forces(p, xy, 12), kl: klDivergence({ p, negativeEntropy }, xy) };
    """
    imports = {f"{FOLDER}/descent.js": "forces, klDivergence"}
    found = run_script(body, {"p": joint.ravel(), "xy": xy.ravel()}, imports=imports)
    kl, gradient = _kl_divergence(xy.ravel().copy(), squareform(joint, checks=False), 1, n, 2)
    np.testing.assert_allclose(4 * found["one"], gradient, rtol=1e-9, atol=1e-12)
    assert found["kl"] == pytest.approx(kl, rel=1e-9)
    more = _kl_divergence(xy.ravel().copy(), squareform(12 * joint, checks=False), 1, n, 2)[1]
    np.testing.assert_allclose(4 * found["twelve"], more, rtol=1e-9, atol=1e-12)


def test_a_step_is_that_of_the_engine():
    rng = np.random.default_rng(5)
    n = 30
    xy, last = (rng.normal(size=(n, 2)).astype(np.float32) for _ in range(2))
    gains = rng.uniform(0.1, 3, n).astype(np.float32)
    joint = affinities(rng.normal(size=(n, 4)), 8)[3]
    given = {"xy": xy.ravel(), "last": last.ravel(), "gains": gains, "p": joint.ravel()}
    rule = {"exaggeration": 12, "learningRate": 400, "momentum": 0.5}
    body = "return nextMoment({ xy: data.xy, last: data.last, gains: data.gains }, data.p, data.rule);"
    found = run_script(body, {**given, "rule": rule}, imports={f"{FOLDER}/descent.js": "nextMoment"})
    weights = 1 / (1 + cdist(xy, xy, "sqeuclidean"))
    np.fill_diagonal(weights, 0)
    apart = xy[:, None] - xy[None]
    attraction, repulsion = (
        np.einsum("ij,ijk->ik", each, apart).astype(np.float32) for each in (joint * weights, weights**2)
    )
    factors = np.array([12, 1 / weights.sum()], np.float32)
    rates = np.array([400, 400, 0.5, 5], np.float32)
    gradient_step(xy, last, gains, attraction, repulsion, factors, rates, np.empty(4, np.float32), 0, n)
    np.testing.assert_allclose(found["xy"].reshape(n, 2), xy, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["last"].reshape(n, 2), last, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["gains"], gains, rtol=1e-5)
    assert np.hypot(*last.T).max() == pytest.approx(5, rel=1e-5), "some steps are as long as they may be"


@pytest.mark.parametrize("points", [20, 200, 400])
def test_the_schedule_is_that_of_the_engine(points):
    early, main = phases_for(points, make_settings({"perplexity": 5}, samples=points))
    body = "return [0, EARLY_STEPS - 1, EARLY_STEPS].map((step) => ruleOf(step, data));"
    about = {"points": points, "learningRate": "auto"}
    rules = run_script(body, about, imports={f"{FOLDER}/descent.js": "ruleOf, EARLY_STEPS"})
    expected = [
        {"exaggeration": each.exaggeration, "learningRate": each.learning_rate, "momentum": each.momentum}
        for each in (early, early, main)
    ]
    assert rules == expected
    assert early.iterations == run_script("return EARLY_STEPS;", imports={f"{FOLDER}/descent.js": "EARLY_STEPS"})


def test_each_map_fits_better_than_its_start_and_the_same_settings_give_the_same_bytes():
    body = """
      return data.names.map((name) => {
        const settings = { ...data.settings, data: name, start: name === "walk" ? "random" : "pca" };
        const [one, other, third] = [0, 0, 1].map((seed) => {
          const experiment = new Experiment(makeToy({ ...settings, seed }), { ...settings, seed });
          for (let k = 0; k < 400; k++) experiment.advance();
          return experiment;
        });
        const xy = { xy: one.now.xy, again: other.now.xy, other: third.now.xy };
        return { ...xy, x: one.toy.x, first: one.moments[0].kl, kl: one.now.kl };
      });
    """
    for name, found in zip(
        TOYS, run_script(body, {"names": TOYS, "settings": SETTINGS}, imports=EXPERIMENT), strict=True
    ):
        assert len(found["x"]) % 60 == 0
        assert found["kl"] < 0.6 * found["first"], name
        np.testing.assert_array_equal(found["xy"], found["again"])
        assert np.isfinite(found["xy"]).all()
        if name not in ("grid", "ring", "rings"):  # these have nothing random
            assert np.abs(found["xy"] - found["other"]).max() > 1e-3, name


def test_the_divergence_is_that_which_the_engine_reaches():
    settings = {**SETTINGS, "data": "sizes", "points": 200, "perplexity": 60}
    body = (
        MAKE
        + """
      while (!experiment.hasSettled) experiment.advance();
      const { divergences } = experiment;
      return { divergences, x: experiment.toy.x, kl: experiment.now.kl, xy: experiment.now.xy, step: experiment.step };
    """
    )
    found = run_script(body, {"settings": settings}, imports=EXPERIMENT)
    x = found["x"].reshape(200, 3).astype(np.float32)
    # with the neighbors of a perplexity of 60: nearly all pairs
    ours = tsne(x, {"perplexity": 60, "max_iter": 3000}, seed=0)
    assert ours.kl_divergence is not None
    assert found["kl"] == pytest.approx(ours.kl_divergence, abs=0.02)
    joint = squareform(affinities(x.astype(np.float64), 60)[3], checks=False)
    reference = _kl_divergence(found["xy"].astype(np.float64), joint, 1, 200, 2)[0]
    assert found["kl"] == pytest.approx(reference, rel=1e-5)
    steps, values = np.array(found["divergences"]).T
    np.testing.assert_array_equal(steps, np.arange(0, found["step"] + 1, 5))
    assert (np.diff(values[60:]) < 1e-3).all(), "it falls after early exaggeration"
    fall = 1 - values[-1] / values[-11]
    assert 0 <= fall < 0.002 <= 1 - values[-2] / values[-12]


def test_going_back_shows_earlier_positions_and_another_perplexity_goes_on_from_there():
    body = (
        MAKE
        + """
      const shown = [];
      const keep = () => {
        const { step, last, now } = experiment;
        shown.push({ step, last, xy: now.xy, perplexity: now.perplexity });
      };
      const go = (steps) => { for (let k = 0; k < steps; k++) experiment.advance(); keep(); };
      go(30); go(30);
      experiment.goTo(30); keep();
      go(30);
      experiment.goTo(30);
      experiment.change({ perplexity: 5 }); keep();
      go(30);
      experiment.goTo(-7); keep();
      experiment.goTo(1e9); keep();
      experiment.restart(); keep();
      return shown;
    """
    )
    shown = run_script(body, {"settings": SETTINGS}, imports=EXPERIMENT)
    at_30, at_60, back, again, changed, other, first, end, restarted = shown
    assert [each["step"] for each in shown] == [30, 60, 30, 60, 30, 60, 0, 60, 0]
    np.testing.assert_array_equal(back["xy"], at_30["xy"])
    np.testing.assert_array_equal(again["xy"], at_60["xy"])
    np.testing.assert_array_equal(changed["xy"], at_30["xy"])
    assert np.abs(other["xy"] - at_60["xy"]).max() > 1e-3
    assert (changed["last"], other["perplexity"], at_60["perplexity"]) == (60, 5, 15)
    np.testing.assert_array_equal(end["xy"], other["xy"])
    np.testing.assert_array_equal(restarted["xy"], first["xy"])
    assert restarted["last"] == 0


def test_no_more_steps_are_kept_than_the_bound_and_a_collapsed_map_begins_again():
    body = (
        MAKE
        + """
      while (!experiment.isFull) experiment.advance();
      const end = experiment.now;
      experiment.advance();
      const isSame = experiment.now === end && experiment.last === MAX_STEPS;
      experiment.goTo(250);
      experiment.now.xy.fill(0); // as after a collapse
      experiment.advance();
      return { isSame, width: Math.max(...experiment.now.xy) };
    """
    )
    found = run_script(body, {"settings": {**SETTINGS, "points": 20, "perplexity": 6}}, imports=EXPERIMENT)
    assert found["isSame"]
    assert found["width"] > 0


def test_principal_components_are_those_of_scikit_learn():
    x = np.random.default_rng(0).normal(size=(70, 6)) * [9, 5, 2, 1, 1, 1]
    body = "return firstComponents(squaredDistances(data.x, 6));"
    imports = {f"{FOLDER}/distances.js": "firstComponents, squaredDistances"}
    found = run_script(body, {"x": x.ravel()}, imports=imports)
    pca = PCA(2).fit(x)
    scores = pca.transform(x)
    scores *= np.sign(scores[np.abs(scores).argmax(axis=0), [0, 1]])
    np.testing.assert_allclose(found["scores"].reshape(-1, 2), scores, atol=1e-4)
    np.testing.assert_allclose(found["shares"], pca.explained_variance_ratio_, rtol=1e-6)


def test_measures_are_those_of_numpy():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(size=(20, 4)), rng.normal(size=(40, 4)) * 5 + 50]).astype(np.float64)
    square = np.stack(np.meshgrid(np.arange(6.0), np.arange(5.0)), axis=-1).reshape(-1, 2)
    xy = np.concatenate([square, square[:26] + 40, square[:4] + 300]).astype(np.float32)
    xy += rng.uniform(-0.1, 0.1, size=(60, 2)).astype(np.float32)
    labels = np.repeat([0, 1], [20, 40]).astype(np.int32)
    body = """
      const toy = { x: data.x, dimensions: 4, labels: data.labels, groupNames: ["A", "B"], tones: [] };
      return measure(measurable(toy), data.xy);
    """
    given = {"x": x.ravel(), "xy": xy.ravel(), "labels": labels}
    found = run_script(body, given, imports={f"{FOLDER}/measures.js": "measurable, measure"})
    near = [NearestNeighbors(n_neighbors=10).fit(each).kneighbors(return_distance=False) for each in (x, xy)]
    kept = np.mean([len(np.intersect1d(one, other)) / 10 for one, other in zip(*near, strict=True)])
    assert found["kept"] == pytest.approx(kept)
    assert found["chance"] == pytest.approx(10 / 59)
    for name, points in (("inData", x), ("inMap", xy.astype(np.float64))):
        groups = [points[labels == k] for k in (0, 1)]
        spreads = [np.sqrt(((each - each.mean(axis=0)) ** 2).sum(axis=1).mean()) for each in groups]
        np.testing.assert_allclose(found[name]["spreads"], spreads, rtol=1e-6)
        apart = np.linalg.norm(groups[0].mean(axis=0) - groups[1].mean(axis=0))
        np.testing.assert_allclose(found[name]["distances"], [apart], rtol=1e-6)
    seen = [np.arange(30), np.arange(30, 56)]  # four points are no group
    assert [sorted(each) for each in found["seen"]] == [list(each) for each in seen]
    for name, points in (("data", x), ("map", xy.astype(np.float64))):
        gap = cdist(points[seen[0]], points[seen[1]]).min()
        within = [np.sort(squareform(pdist(points[each])), axis=1)[:, 1] for each in seen]
        assert found["gaps"][name] == pytest.approx(np.median([gap / np.median(each) for each in within]), rel=1e-5)


def test_the_numbers_say_what_a_map_does_not():
    """Sizes are lost, distances are lost from a random start, and groups come from nothing at a low perplexity."""
    body = """
      return data.several.map((settings) => {
        const experiment = new Experiment(makeToy(settings), settings);
        while (!experiment.hasSettled && !experiment.isFull) experiment.advance();
        const measures = measure(experiment.data, experiment.now.xy);
        return { ...measures, seen: measures.seen.length, rows: rowsOf(measures, experiment.toy.groupNames) };
      });
    """
    several = [
        {"data": "sizes", "points": 200, "dimensions": 2, "perplexity": 30},
        {"data": "three", "points": 200, "dimensions": 2, "perplexity": 20, "start": "random"},
        {"data": "cloud", "points": 200, "dimensions": 50, "perplexity": 2},
        {"data": "cloud", "points": 200, "dimensions": 50, "perplexity": 30},
        {"data": "parallel", "points": 198, "perplexity": 60},
        {"data": "parallel", "points": 198, "perplexity": 5},
        {"data": "rings", "points": 200, "perplexity": 10},
    ]
    imports = {**EXPERIMENT, f"{FOLDER}/measures.js": "measure", f"{FOLDER}/numbers_view.js": "rowsOf"}
    given = {"several": [{**SETTINGS, **each} for each in several]}
    sizes, three, clumps, cloud, drawn_as_one, lines, rings = run_script(body, given, imports=imports)
    ratio = {name: sizes[name]["spreads"][1] / sizes[name]["spreads"][0] for name in ("inData", "inMap")}
    assert ratio["inData"] > 8
    assert 0.8 < ratio["inMap"] < 1.25
    row = sizes["rows"][1]
    assert (row["name"], row["data"]) == ("Width of B to width of A", "9.26 : 1")
    assert float(row["map"].removesuffix(" : 1")) == pytest.approx(ratio["inMap"], rel=0.01)
    far = [three[name]["distances"][1] / three[name]["distances"][0] for name in ("inData", "inMap")]
    assert far[0] > 5.5
    assert 0.5 < far[1] < 2
    assert clumps["seen"] > 5
    assert clumps["gaps"]["data"] < 1.5 < 3 < clumps["gaps"]["map"]
    assert (cloud["seen"], cloud["gaps"], cloud["rows"][1]["map"]) == (1, None, "none")
    assert drawn_as_one["seen"] < 3 == lines["seen"]
    assert lines["gaps"]["data"] > 4
    assert rings["seen"] == 2
    assert rings["kept"] == 1


def test_toy_data_have_the_sizes_and_distances_that_are_said():
    body = "return data.names.map((name) => makeToy({ data: name, points: 400, dimensions: 50, seed: 7 }));"
    imports = {f"{FOLDER}/toy_data.js": "makeToy"}
    toys = dict(zip(TOYS, run_script(body, {"names": TOYS}, imports=imports), strict=True))
    x = {name: toy["x"].reshape(400, toy["dimensions"]) for name, toy in toys.items()}
    groups = {name: [x[name][toys[name]["labels"] == k] for k in range(3)] for name in TOYS}

    def apart(name, one, other):
        return np.linalg.norm(groups[name][one].mean(axis=0) - groups[name][other].mean(axis=0))

    assert apart("two", 0, 1) == pytest.approx(10, rel=0.1)
    assert apart("three", 0, 1) == pytest.approx(10, rel=0.1)
    assert apart("three", 1, 2) == pytest.approx(50, rel=0.1)
    assert groups["sizes"][1].std(axis=0).mean() / groups["sizes"][0].std(axis=0).mean() == pytest.approx(10, rel=0.2)
    np.testing.assert_allclose(x["cloud"].std(axis=0), 1, atol=0.15)
    assert np.linalg.norm(np.diff(x["walk"], axis=0), axis=1).mean() == pytest.approx(np.sqrt(50), rel=0.05)
    assert len(np.unique(x["grid"], axis=0)) == 400
    np.testing.assert_allclose(np.linalg.norm(x["ring"], axis=1), 10)
    np.testing.assert_allclose(np.linalg.norm(groups["rings"][0], axis=1), 10)
    assert np.linalg.norm(groups["rings"][1], axis=1).min() == pytest.approx(0, abs=0.2), (
        "through the middle of the other"
    )
    for toy in toys.values():
        assert bool(toy["groupNames"]) == (len(toy["tones"]) == 0)
        assert ((toy["tones"] >= 0) & (toy["tones"] <= 1)).all()


def test_digits_are_drawn_without_repeating():
    images = np.repeat(np.arange(50, dtype=np.uint8), 4)
    labels = (np.arange(50) % 10).astype(np.uint8)
    body = "return [0, 1].map((seed) => toyOfDigits(data.images, data.labels, { points: 30, seed }));"
    one, other = run_script(body, {"images": images, "labels": labels}, imports=EXPERIMENT)
    chosen = np.rint(one["x"].reshape(30, 4)[:, 0] * 255).astype(int)
    assert len(set(chosen)) == 30
    np.testing.assert_array_equal(one["labels"], chosen % 10)
    assert (one["x"] != other["x"]).any()


def test_the_largest_perplexity_is_the_one_that_cutaway_takes():
    points = list(range(20, 401))
    imports = {f"{FOLDER}/settings.js": "largestPerplexity, fromTsneAddress, toTsneAddress"}
    largest = run_script("return data.points.map(largestPerplexity);", {"points": points}, imports=imports)
    for n, most in zip(points, largest, strict=True):
        assert check_perplexity_fits(most, samples=n) == most
        if most < 100:
            with pytest.raises(UsageError):
                check_perplexity_fits(most + 1, samples=n)


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("data=ring&points=50&perplexity=16", []),
        ("points=60&perplexity=20", ["perplexity=20"]),
        ("points=20", []),
        ("points=401&seed=-1&data=__proto__", ["points=401", "seed=-1", "data=__proto__"]),
        ("perplexity=1.9&learningRate=auto&start=spectral", ["perplexity=1.9", "start=spectral"]),
        ("perplexity=1e999&dimensions=2.5&toString=1", ["perplexity=1e999", "dimensions=2.5", "toString=1"]),
        ("learningRate=0&points=", ["learningRate=0", "points="]),
    ],
)
def test_an_address_is_read_and_what_cannot_be_is_refused(address, refused):
    imports = {f"{FOLDER}/settings.js": "largestPerplexity, fromTsneAddress, toTsneAddress"}
    body = """
      const { settings, refused } = fromTsneAddress(data.address);
      const written = toTsneAddress(settings);
      const again = fromTsneAddress(written).settings;
      return { settings, refused, written, again, most: largestPerplexity(settings.points) };
    """
    found = run_script(body, {"address": address}, imports=imports)
    assert found["refused"] == refused
    assert found["settings"] == found["again"]
    assert 2 <= found["settings"]["perplexity"] <= found["most"]
    if not refused:
        assert set(address.split("&")) <= set(found["written"].split("&"))
