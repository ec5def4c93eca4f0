import json

import pytest

from cutaway.results.units import MEASURED


@pytest.fixture
def printed(cutaway):
    """What a command prints."""

    def run(*arguments):
        code, out, err = cutaway(*arguments)
        assert code == 0, err
        return out

    return run


def _fits(out):
    return all(len(line.rstrip()) <= 80 for line in out.splitlines())


def test_history_as_tables_and_as_json(digits_run, cutaway, printed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    history = ("layers", digits_run.path, "--history")
    out = printed(*history)
    assert _fits(out.partition("\nAfter epoch")[0])  # below it are sentences, which a terminal wraps
    for words in (
        "What each layer knows",
        "Separation",
        "CKA last: ",
        "--layer NAME",
    ):
        assert words in out
    assert "Update" not in out
    lines = " ".join(out.split())
    for sentence in digits_run.layer_history(progress=False).notes():
        assert sentence in lines
    assert lines.endswith("points may be chance."), "sentences come last, where a terminal shows them"
    answer = json.loads(printed(*history, "--layer", "dense_2", "--json"))
    assert [row["epoch"] for row in answer["layers"]] == list(range(7))
    assert {row["layer"] for row in answer["layers"]} == {"dense_2"}
    assert answer["layers"][0]["update_norm"] is None
    assert answer["between_epochs"]["epochs"] == list(range(7))
    last = [row["cka_last"] for row in answer["layers"]]
    assert answer["between_epochs"]["cka"][6] == pytest.approx(last, abs=1e-6)
    out = printed(*history, "--layer", "dense_2")
    assert _fits(out.partition("\nAfter epoch")[0])
    for words in (
        "Activations and weights",
        "Update",
        "Shape of the activations",
        "Linear CKA of dense_2 between epochs",
    ):
        assert words in out
    assert " ".join(out.split()).endswith("points may be chance.")
    code, _, err = cutaway(*history, "--layer", "dense_7")
    assert (code, 'got "dense_7"' in err) == (2, True)


def test_units_as_a_table_and_as_json(digits_run, cutaway, printed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    about = ("units", digits_run.path, "--layer", "dense_1", "--limit", "5")
    out = printed(*about)
    assert _fits(out)
    assert "5 of 32 units, by Cost" in out
    for heading in ("Fires", "Class", "Select.", "Similar", "Cost", "Acc.", "Affects", "Its acc."):
        assert f"\n{heading}: " in out
    found = digits_run.units("dense_1", progress=False)
    first = found.summary(found.order("ablation_cost")[0])
    assert MEASURED.text(first["ablation_cost"], first["ablation_cost_error"], first["measurable"]) in out
    assert f"{found.ablation.measurable.sum()} of 32 units have a measurable cost" in out
    assert "-0.00" not in out
    answer = json.loads(printed(*about, "--json"))
    assert len(answer["units"]) == 32
    assert [summary["unit"] for summary in answer["units"]] == found.order("ablation_cost")
    code, _, err = cutaway("units", "nowhere", "--sort", "size")
    assert (code, 'got "size"' in err) == (2, True)


def test_a_history_of_one_epoch_is_refused(digits_run, cutaway):
    code, _, err = cutaway("layers", digits_run.path, "--epoch", "3", "--history")
    assert (code, "--history shows every epoch; got --epoch 3" in err) == (2, True)


def test_settings_of_a_layer_are_words_and_fit_the_width(cutaway, digits_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    code, out, err = cutaway("layers", digits_run.path, "--layer", "dense_1")
    assert code == 0, err
    assert "GlorotUniform" in out
    assert "{" not in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 72


def test_layers_end_with_how_to_see_what_each_knows(cutaway, digits_run):
    _, out, _ = cutaway("layers", digits_run.path)
    assert out.splitlines()[-1].endswith(f"  cutaway layers {digits_run.path} --history")
    assert "--history" not in cutaway("layers", digits_run.path, "--history")[1]
    json.loads(cutaway("layers", digits_run.path, "--json")[1])


def test_columns_of_what_layers_know_are_explained(cutaway, digits_run):
    _, out, _ = cutaway("layers", digits_run.path, "--history")
    for word in ("k-NN accuracy: ", "Probe accuracy: ", "Separation: ", "Effective rank: ", "CKA last: "):
        assert word in out
