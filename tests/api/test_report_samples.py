"""The sections of the report on confidence and on training samples, of real runs."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.page import Cards, Figure, Parts, Table
from cutaway.progress import ignore_progress
from cutaway.topics.common.sample_values import values_of
from cutaway.topics.common.source import ReportSource
from cutaway.topics.confidence.section import confidence
from cutaway.topics.influence import section as influence_module
from cutaway.topics.influence.result import Answers, influence
from cutaway.topics.influence.section import EXPLAINED, SUPPORTING
from cutaway.topics.influence.section import influence as influence_section
from cutaway.topics.samples.section import HARDEST, hardest
from tests.ready_runs import record_untrained


@pytest.fixture(scope="module")
def source(digits_run: ct.Run) -> ReportSource:
    return ReportSource(digits_run.context, ignore_progress)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ReportSource:
    """A model that was not trained here, on a table of two columns, without test samples of its own."""
    x = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    data = ct.Dataset.from_arrays(x, (x[:, 0] > 0).astype(int))
    return ReportSource(record_untrained(data, tmp_path_factory.mktemp("recorded")).context, ignore_progress)


def test_the_section_on_confidence_shows_what_the_results_show(source: ReportSource, digits_run: ct.Run) -> None:
    section = confidence(source)
    assert isinstance(section, Parts)
    figure, *tables = section.parts
    measured, answered = digits_run.calibration(), digits_run.coverage()
    assert isinstance(figure, Figure)
    expected = [*measured.tables()[:1], *answered.tables()]
    assert [table.rows for table in tables if isinstance(table, Table)] == [tuple(each.texts()) for each in expected]
    assert section.caption == " ".join(dict.fromkeys((*measured.notes(), *answered.notes())))


def test_the_hardest_training_samples_are_those_of_the_dynamics(source: ReportSource, digits_run: ct.Run) -> None:
    section = hardest(source)
    assert isinstance(section, Cards)
    worst = digits_run.dynamics(split="train").hardest(HARDEST)
    assert [card.title for card in section.cards] == worst.ids.names()
    label = digits_run.class_names[int(worst.labels[0])]
    assert f" {label}, " in section.cards[0].subtitle
    assert f"AUM: {worst.measures.area_under_margin[0]:.2f}" in section.cards[0].text
    assert all(len(card.images) == 1 for card in section.cards)


def test_the_samples_that_led_to_a_mistake_are_those_of_its_influence(source: ReportSource, digits_run: ct.Run) -> None:
    section = influence_section(source)
    assert isinstance(section, Cards)
    mistakes = digits_run.mistakes(EXPLAINED)
    assert [card.title for card in section.cards] == mistakes.ids.names()
    found = digits_run.influence(mistakes.ids.names()[:1], SUPPORTING)[0]
    card = section.cards[0]
    assert len(card.images) == 1 + len(found.supporting)
    assert [image.alt.split(",")[0] for image in card.images[1:]] == [each.sample for each in found.supporting]
    assert card.subtitle.endswith(f"→ {found.target}")


def test_a_model_that_was_not_trained_here_has_no_training_samples_to_show(recorded: ReportSource) -> None:
    assert hardest(recorded) is None
    assert influence_section(recorded) is None


def test_without_test_samples_the_report_shows_validation_samples(copied_run: Callable[[str], ct.Run]) -> None:
    run = copied_run("digits")
    split, nothing = run.split, run.split.test.take(slice(0))
    record = json.loads((run.path / "run.json").read_text())
    record["split"] = ct.data.Split(split.train, split.val, nothing, 0.25, 0, dropped=split.test).to_record()
    (run.path / "run.json").write_text(json.dumps({**record, "test": None}))
    source = ReportSource(ct.open_run(run.path).context, ignore_progress)
    assert source.ids.names() == split.val.names()
    np.testing.assert_array_equal(source.confusion.toarray(), run.confusion(split="val"))
    section = confidence(source)
    assert isinstance(section, Parts)
    assert isinstance(section.parts[1], Table)
    assert section.parts[1].rows == tuple(run.calibration(split="val").tables()[0].texts())


def test_mistakes_that_no_training_sample_supports_have_no_card(
    source: ReportSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = influence(source.context, Answers.named(source.context, ["test[3]"]), 3)[0]
    nothing = dataclasses.replace(found, supporting=())
    monkeypatch.setattr(influence_module, "influences", lambda context, answers, *_, **__: [nothing] * len(answers.x))
    assert influence_section(source) is None


def test_values_of_samples_are_written_in_one_way(tmp_path: Path) -> None:
    import pandas

    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"age": rng.normal(40, 5, 200).round(1), "city": rng.choice(["Rome", "Oslo"], 200)})
    frame["label"] = np.arange(200) % 2
    frame.loc[7, ["age", "city"]] = [95.5, "Oslo"]
    of_table = record_untrained(ct.load_dataset(frame, label="label"), tmp_path)
    row = of_table.context.sample("sample[7]")
    assert values_of(of_table.context, row) == ["age 95.5, city Oslo"]
    assert values_of(of_table.context, row, unusual=True)[0].startswith("age 95.5")
    x = rng.normal(size=(200, 11)).astype(np.float32)
    x[7, 9] = 40
    of_array = record_untrained(ct.Dataset.from_arrays(x, frame["label"]), tmp_path)
    assert values_of(of_array.context, row)[0].startswith(f"column 1 {x[7, 0]:.4g}, column 2 {x[7, 1]:.4g}, ")
    assert values_of(of_array.context, row, unusual=True)[0].startswith("column 10 40, ")
    assert len(values_of(of_array.context, row, unusual=True)[0].split(", ")) == 4
