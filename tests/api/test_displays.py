"""Every result draws itself, and displays itself in a notebook: with its own values, and hostile names as text."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure
from PIL import Image

import cutaway as ct
from cutaway.errors import UnknownNameError, UsageError
from cutaway.results.notebook import declared_html, facts_html
from cutaway.results.table import Column, Table
from cutaway.results.units import COUNT, TEXT
from tests.ready_runs import record_untrained

QUIET = {"progress": False}
HOSTILE = ["<img src=x onerror=alert(1)>", '"><script>alert(2)</script>', "$\\href{javascript:alert(3)}{x}$"]

RESULTS = {
    "run": lambda run: run,
    "history": lambda run: run.history,
    "layers": lambda run: run.layers(),
    "layer_history": lambda run: run.layer_history(epochs=[0, 6], samples=200, **QUIET),
    "cka": lambda run: run.layer_history(epochs=[6], samples=200, **QUIET).cka(),
    "similarity": lambda run: run.similarity(epochs=[0, 6], samples=200, **QUIET),
    "units": lambda run: run.units("dense_1", **QUIET),
    "deeper units": lambda run: run.units("dense_2", **QUIET),
    "unit": lambda run: run.units("dense_1", **QUIET)[3],
    "explain": lambda run: run.explain("test[7]"),
    "explain values": lambda run: run.explain(run.data.x(run.split.test)[7]),
    "embed": lambda run: run.embed(split="test", method="pca", quality=False, **QUIET),
    "confusion": lambda run: run.confusion(),
    "mistakes": lambda run: run.mistakes(),
    "label_issues": lambda run: run.label_issues(folds=2, seeds=1, epochs=1, **QUIET),
    "findings": lambda run: run.findings(),
    "doctor": lambda run: ct.doctor(run, **QUIET),
    "compare": lambda run: ct.compare(run, run, epochs=(5, 6), samples=60, **QUIET),
    "calibration": lambda run: run.calibration(),
    "coverage": lambda run: run.coverage(),
    "thresholds": lambda run: run.thresholds(positive="8"),
    "per_class": lambda run: run.per_class(),
    "dynamics": lambda run: run.dynamics(),
    "influence": lambda run: run.influence(["test[7]"], 3)[0],
    "examine": lambda run: run.examine(run.data.x(run.split.test)[:5], nearest=1, explain=1),
}


QUICK = ["run", "history", "similarity", "explain", "embed", "confusion", "mistakes", "findings", "examine", "coverage"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.exhaustive) for name in RESULTS]
)
def test_every_result_draws_and_displays_itself(name, digits_run):
    result = RESULTS[name](digits_run)
    assert isinstance(result.plot(), Figure)
    shown = result._repr_html_()
    Checked().feed(shown)
    assert "data:image/png;base64," in shown or name in ("findings", "doctor")
    assert "tex2jax_ignore" in shown  # a notebook typesets no formula in it
    if name != "run":
        assert isinstance(result.to_pandas(), pandas.DataFrame)


class Checked(HTMLParser):
    """Reads HTML, and refuses anything that runs or fetches something."""

    def handle_starttag(self, tag, attrs):
        assert tag in {"div", "img", "table", "tr", "td", "th", "details", "summary", "b", "a", "picture", "source"}, (
            tag
        )
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in ("src", "srcset"):
                assert value.startswith("data:image/")


@pytest.fixture(scope="module")
def hostile_table():
    rng = np.random.default_rng(0)
    table = pandas.DataFrame(rng.normal(size=(240, 3)), columns=["<b>age</b>", "$x$", "onload="])
    table["label"] = np.array(HOSTILE)[(table.iloc[:, 0] > 0.4).astype(int) + (table.iloc[:, 1] > 0.5)]
    return ct.load_dataset(table, label="label")


@pytest.fixture(scope="module")
def hostile_run(hostile_table, tmp_path_factory):
    return record_untrained(hostile_table, tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize(
    "result",
    [
        lambda run: run,
        lambda run: run.confusion(),
        lambda run: run.mistakes(),
        lambda run: run.explain(run.data.x(run.split.test)[0]),
        lambda run: run.importance(repeats=1),
        lambda run: run.thresholds(positive=HOSTILE[0]),
        lambda run: run.examine(run.data.x(run.split.test)[:2], nearest=1, explain=1),
    ],
)
def test_hostile_names_never_become_markup(result, hostile_run):
    Checked().feed(result(hostile_run)._repr_html_())


@pytest.mark.exhaustive
def test_hostile_names_of_a_trained_run_never_become_markup(hostile_table, tmp_path):
    run = ct.train(ct.mlp((8,)), hostile_table, epochs=2, runs=tmp_path, **QUIET)
    units, rows = run.units(**QUIET), run.data.x(run.split.test)[:1]
    shown = [run.history, run.findings(), run.per_class(), run.dynamics(), units, units[0], run.influence(rows, 2)[0]]
    for each in (*shown, run.embed(method="pca", quality=False, **QUIET)):
        Checked().feed(each._repr_html_())


def test_a_table_is_escaped_and_says_what_it_leaves_out():
    columns = (Column(("a",), HOSTILE[0], TEXT, HOSTILE[1]), Column(("n",), "n", COUNT, ""))
    shown = declared_html(Table(columns, {"a": [HOSTILE[1]] * 30, "n": list(range(30))}, title=HOSTILE[2]))
    Checked().feed(shown)
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "10 of 30 rows" in shown
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", shown)
    assert cells[2:4] == ["&quot;&gt;&lt;script&gt;alert(2)&lt;/script&gt;", "1"]
    assert "&lt;script&gt;" in facts_html({"<script>": "<script>"})


def test_a_run_links_to_its_report_once_there_is_one(copied_run):
    run = copied_run("digits")
    assert "report.html</a>" not in run._repr_html_()
    (run.path / "report.html").write_text("")
    assert "report.html</a>" in run._repr_html_()


def test_the_confusion_matrix_is_an_array_that_draws_itself(digits_run):
    found = digits_run.confusion()
    plain = np.asarray(found)
    assert type(found.sum()) is np.int64
    assert type(found[0]) is type(found[:2, :2]) is type(found / 2) is type(found.sum(axis=1)) is np.ndarray
    table = found.to_pandas()
    assert list(table.columns) == list(digits_run.class_names)
    np.testing.assert_array_equal(table.to_numpy(), plain)
    drawn = {text.get_position()[::-1]: int(text.get_text()) for text in found.plot().axes[0].texts}
    assert drawn == {place: count for place, count in np.ndenumerate(plain) if count}
    with pytest.raises(UsageError):
        found.T.plot()


def test_similarities_are_a_data_frame_that_draws_itself(digits_run):
    found = digits_run.similarity(epochs=[0, 6], samples=200, **QUIET)
    assert isinstance(found, pandas.DataFrame)
    assert type(found.to_pandas()) is type(found * 2) is pandas.DataFrame
    axes = found.plot().axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), found.to_numpy())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "6"]


def test_mistakes_are_drawn_as_the_samples_that_they_are(digits_run):
    found = digits_run.mistakes(5)
    axes = found.plot(3).axes
    assert len(axes) == 3
    for place, panel in enumerate(axes):
        image = digits_run.data.images(found.ids.take([place]))[0]
        np.testing.assert_array_equal(panel.images[0].get_array(), np.rint(image * 255))
        assert panel.images[0].get_cmap().name == "gray"
    assert axes[0].get_title().startswith(found.ids[0])
    with pytest.raises(UsageError):
        found.plot(0)


def test_a_layer_history_is_drawn_by_layer(digits_run):
    history = digits_run.layer_history(epochs=[0, 6], samples=200, **QUIET)
    probe, rank = history.plot().axes
    table = history.to_pandas()
    for axes, column in ((probe, "probe_accuracy"), (rank, "effective_rank")):
        for line in axes.get_lines():
            rows = table[table["layer"] == line.get_label()]
            np.testing.assert_allclose(line.get_ydata(), rows[column])
            assert list(line.get_xdata()) == [0, 6]
    chosen = ["knn_accuracy", "separation"]
    for axes, name in zip(history.plot(chosen).axes, chosen, strict=True):
        assert axes.get_lines()[0].get_ydata()[0] == table[name][0]
    with pytest.raises(UnknownNameError):
        history.plot(["speed"])


def test_units_are_drawn_in_the_order_asked_for_and_one_can_be_picked(digits_run):
    units = digits_run.units("dense_1", **QUIET)
    figure = units.plot(4, sort="selectivity")
    order = units.order("selectivity")[:4]
    for axes, unit in zip(figure.axes, order, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), units.images[unit])
        assert axes.get_title(loc="left").startswith(f"{unit}: ")
    unit = units[order[0]]
    assert unit.summary == units.summary(order[0])
    top = [each["sample"] for each in unit.summary["top_activating"]]
    np.testing.assert_array_equal(unit.images[0], digits_run.data.images(digits_run.context.sample(top[0]))[0])
    assert unit.to_pandas()["sample"].tolist() == top
    assert len(list(units)) == len(units)


def test_an_explanation_is_a_sentence_and_bars(digits_run):
    found = digits_run.explain("test[7]")
    chances = digits_run.predictions()[7]
    np.testing.assert_allclose(found.probabilities, chances, atol=1e-5)
    winner = found.attribution.winner
    assert f"{found.winner} ({chances[winner]:.1%})" in found.sentence
    sample, inputs, bars, *layers = found.plot().axes
    np.testing.assert_allclose(sample.images[0].get_array(), digits_run.data.images(digits_run.split.test.take([7]))[0])
    np.testing.assert_array_equal(inputs.images[0].get_array(), found.attribution.inputs)
    assert bars.patches[0].get_width() == pytest.approx(chances[winner], abs=1e-5)
    assert [axes.get_title(loc="left") for axes in layers] == ["units of dense_1", "units of dense_2"]


@pytest.mark.exhaustive
def test_a_sequence_has_one_scale_and_a_film(digits_run, tmp_path):
    sequence = digits_run.embed_epochs(epochs=[5, 6], split="test", perplexity=20.0, **QUIET)
    first, second = sequence.plot().axes
    assert first.get_xlim() == second.get_xlim()
    np.testing.assert_allclose(second.collections[0].get_offsets(), sequence.xy[1], rtol=1e-6)
    film = sequence.film()
    Checked().feed(film._repr_html_())
    assert "prefers-reduced-motion" in film._repr_html_()
    for name in ("film.webp", "film.gif"):
        with Image.open(film.save(tmp_path / name)) as image:
            assert image.n_frames == 2 + 7
    with pytest.raises(UsageError):
        film.save(tmp_path / "film.mp4")


def test_findings_are_a_tuple_that_lists_itself(digits_run):
    found = digits_run.findings()
    assert isinstance(found, tuple)
    assert found.to_pandas()["kind"].tolist() == [each.kind for each in found]
    assert all(each.title in found._repr_html_() for each in found)
