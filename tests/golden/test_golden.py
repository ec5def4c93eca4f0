"""Users of version f0548a2 find what they script against: options, documents, columns, codes, imports, files."""

import importlib
import json
import pickle
import zipfile

import numpy as np
import pytest

from .observe import HERE, TABLE_RECORDS, columns, observe, pattern, write_table

CONTRACT = json.loads((HERE / "contract.json").read_text(encoding="utf-8"))
pytestmark = pytest.mark.slow
SURE = "of the # samples of which the models are most sure are labeled as another class"
CHANGED = {
    ("table", "findings"): "<Findings: # warning, # notes, # good; first: Too few epochs>",
    ("digits", "learning_curve"): "<LearningCurve on # test samples: accuracy #% with # training samples; train for "
    "more epochs first: more steps alone gave at least half of what more data gave>",
    ("digits", "label_issues"): f"<LabelIssues: # {SURE}; first sample[#], labeled # perhaps #; "
    "The models predict #% of the labels as given. How many of the others are wrong labels, and how many are errors of "
    "the models, cannot be told.>",
    ("table", "label_issues"): "<LabelIssues: The models predict #% of the labels as given, not clearly more than "
    "always saying the largest class would (#%): they cannot judge labels. The likely cause: the run's model and "
    "settings learn too little from these samples, or # epochs are too few.>",
}
"""Reprs that tell something else now: causes are named before what follows from them, more steps before more data, and
where wrong labels cannot be told from errors of the models, their number is not given."""
PICKLED = {
    "label_issues": "<LabelIssues: about # of # labels are probably wrong (#% interval # to #); first sample[#], "
    "labeled no, perhaps yes; The models predict #% of the labels as given, no more than always saying the largest "
    "class would (#%): they cannot judge labels.>"
}
"""The repr of a pickled result of that version, which says the same in other words."""
WITHHELD = {".estimate.high", ".estimate.low", ".estimate.wrong"}
"""What is null where it cannot be told."""
PLACES = [(run, name) for run, records in CONTRACT["columns"].items() for name in records]


def write_observed(folder):
    with pytest.warns(match="the rows have dates"):  # a random split, as recorded
        (folder / "now.json").write_text(json.dumps(observe(folder)), encoding="utf-8")


@pytest.fixture(scope="module")
def now(made_once):
    """What this version does."""
    return json.loads((made_once("golden", write_observed) / "now.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", CONTRACT["options"])
def test_options_stay(command, now):
    assert set(CONTRACT["options"][command]) <= set(now["options"][command])


@pytest.mark.parametrize("name", CONTRACT["codes"])
def test_exit_codes_stay(name, now):
    assert CONTRACT["codes"][name] == now["codes"][name]


@pytest.mark.parametrize("command", CONTRACT["documents"])
def test_keys_of_json_documents_stay_and_keep_their_types(command, now):
    recorded, found = CONTRACT["documents"][command], now["documents"][command]
    missing = {path: kinds for path, kinds in recorded.items() if not set(kinds) & {*found.get(path, ()), "null"}}
    assert not {path for path in missing if path not in WITHHELD or found.get(path) != ["null"]}


@pytest.mark.parametrize(("run", "name"), PLACES)
def test_columns_stay_in_their_order_and_keep_their_types(run, name, now):
    check_columns(now["columns"][run][name], CONTRACT["columns"][run][name])


def check_columns(found, recorded):
    assert (recorded is None) == (found is None)
    assert [column for column in found or () if column in (recorded or ())] == (recorded or [])


@pytest.mark.parametrize(("run", "name"), PLACES)
def test_reprs_tell_the_same(run, name, now):
    assert now["reprs"][run][name] == CHANGED.get((run, name), CONTRACT["reprs"][run][name])


@pytest.mark.parametrize("name", CONTRACT["imports"])
def test_documented_names_are_imported_from_where_they_were(name):
    module, attribute = name.rsplit(".", 1)
    assert getattr(importlib.import_module(module), attribute) is not None


@pytest.fixture
def old_run(tmp_path):
    """The folder of a run, and the table that it was trained on."""
    import cutaway as ct

    with zipfile.ZipFile(HERE / "run.zip") as archive:
        archive.extractall(tmp_path)
    return ct.open_run(tmp_path / "run", data=tmp_path / "table.csv")


def test_the_table_is_written_as_it_was(old_run, tmp_path):
    assert write_table(tmp_path / "again.csv").read_bytes() == (tmp_path / "table.csv").read_bytes()


def test_an_old_run_is_opened_with_its_numbers(old_run):
    expected = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(old_run.predictions(), expected["predictions"], atol=1e-6)
    history = old_run.history.to_pandas().to_dict("list")
    assert {name: history[name] for name in expected["history"]} == expected["history"]


def test_an_old_run_answers_everything(old_run):
    for make in TABLE_RECORDS.values():
        assert repr(make(old_run))


def test_results_that_were_pickled_are_read():
    results = pickle.loads((HERE / "results.pickle").read_bytes())
    for name, result in results.items():
        check_columns(columns(result), CONTRACT["columns"]["table"][name])
    assert {name: pattern(result) for name, result in results.items()} == CONTRACT["reprs"]["table"] | PICKLED
