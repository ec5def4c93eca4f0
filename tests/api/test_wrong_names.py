"""A name that does not exist is answered with the one that was meant, and arguments in the wrong order are said."""

import numpy as np
import pytest

import cutaway as ct
from cutaway.checks import meant, required, wrong_part
from cutaway.errors import UnknownNameError, UsageError
from cutaway.exercises import write_answers
from cutaway.runs import RunWriter
from cutaway.training import find_recipe


@pytest.mark.parametrize(
    ("name", "known", "similar"),
    [
        ("val_acc", ("loss", "accuracy", "val_loss", "val_accuracy"), "val_accuracy"),
        ("acc", ("loss", "accuracy", "val_loss", "val_accuracy"), "accuracy"),
        ("lr", ("loss", "learning_rate"), "learning_rate"),
        ("Dense_1", ("dense", "dense_1"), "dense_1"),
        ("TEST", ("train", "test"), "test"),
        ("straße", ("Strasse 1", "Straße"), "Straße"),
        ("", ("a", "b"), None),
        (None, ("loss",), None),
        ("quite another", ("loss", "accuracy"), None),
    ],
)
def test_the_name_that_was_meant(name, known, similar):
    assert meant(name, iter(known)) == ("choose one of these" if similar is None else f'did you mean "{similar}"?')


def test_a_metric_is_looked_up_like_the_keys_of_a_dictionary(digits_run):
    history = digits_run.history
    assert history["val_accuracy"] == [row["val_accuracy"] for row in history.rows]
    assert "val_accuracy" in history
    assert "val_acc" not in history
    with pytest.raises(KeyError) as caught:
        history["val_acc"]
    assert isinstance(caught.value, UnknownNameError)
    assert '"val_accuracy"' in str(caught.value)
    with pytest.raises(UnknownNameError):
        type(history)([])["loss"]


def looked_up(run):
    found = run.explain("test[0]")
    return {
        "lastest": lambda: ct.open_run("lastest", runs=run.path.parent),
        run.path.name[:-1]: lambda: ct.open_run(run.path.name[:-1], runs=run.path.parent),
        "dens_1": lambda: found.to_pandas("dens_1"),
        "Tset": lambda: run.predictions(split="Tset"),
        "label_": lambda: run.influence("test[0]", target="label_"),
        "reorded": lambda: run.dynamics(predictions="reorded"),
        "correctnes": lambda: run.dynamics(split="test").hardest(sort="correctnes"),
        "defualt": lambda: find_recipe("defualt"),
        "digit": lambda: ct.load_dataset("digit"),
        "dense": lambda: run.layer_history().plot("probe_acuracy"),
    }


WANTED = {
    "lastest": "latest",
    "dens_1": "dense_1",
    "Tset": "test",
    "label_": "label",
    "reorded": "recorded",
    "correctnes": "correctness",
    "defualt": "default",
    "digit": "digits",
    "dense": "probe_accuracy",
}


def test_every_lookup_by_name_suggests_what_was_meant(digits_run):
    for name, look in looked_up(digits_run).items():
        with pytest.raises(UnknownNameError) as caught:
            look()
        assert WANTED.get(name, digits_run.path.name) in caught.value.hint, caught.value


def test_a_model_in_the_place_of_the_data_is_said(digits_run, tmp_path):
    model, x = digits_run.model(), np.zeros((4, 64), np.float32)
    for swapped in (
        lambda: ct.train("digits", model),
        lambda: ct.record("digits", model),
        lambda: ct.train(x, np.arange(4), model),
    ):
        with pytest.raises(UsageError):
            swapped()
    with pytest.raises(UsageError):
        ct.sweep(model, runs=tmp_path)
    with pytest.raises(UsageError):
        ct.doctor(model)
    with pytest.raises(UsageError):
        ct.export(tmp_path / "m.keras", digits_run)
    with pytest.raises(UsageError):
        ct.Recorder(digits_run.data, tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_what_is_no_path_is_one_line(digits_run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    wrong = (
        ("runs", lambda value: ct.open_run("latest", runs=value)),
        ("runs", lambda value: ct.open_run("some", runs=value)),
        ("runs", lambda value: ct.open_sweep("some", runs=value)),
        ("runs", lambda value: RunWriter.create(value, name="a", manifest={})),
        ("runs", lambda value: ct.sweep("digits", runs=value)),
        ("where", ct.open_sweep),
        ("path", ct.open_model),
        ("path", digits_run.report),
        ("path", digits_run.playground),
        ("path", lambda value: ct.export(digits_run, value)),
        ("path", lambda value: ct.Recorder(value, digits_run.data)),
        ("path", lambda value: write_answers(value, {})),
    )
    for value in (5, ["runs"], "a\0b"):
        for name, call in wrong:
            with pytest.raises(UsageError, match=f"{name} must be a path") as caught:
                call(value)
            assert "\n" not in str(caught.value)
    for value in (5, None, ["default"], np.array(["default", "table"])):
        with pytest.raises(UsageError, match="recipe must be"):
            ct.train(digits_run.model(), "digits", recipe=value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        ({"type": "greater_than", "msg": "Input should be greater than 0"}, "must be greater than 0"),
        ({"type": "string_too_long", "msg": "String should have at most 3 characters"}, "must have at most 3 char"),
        ({"type": "value_error", "msg": "Value error, must have ascending quantiles"}, "must have ascending quantiles"),
        ({"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}, "must not be there"),
        ({"type": "json_invalid", "msg": "Invalid JSON: line 1"}, "must be valid (Invalid JSON: line 1)"),
    ],
)
def test_what_pydantic_says_becomes_one_clause(error, asked):
    assert required(error).startswith(asked)
    said = wrong_part({**error, "loc": ("body", "steps", 0), "input": "x"}, skip=1)
    assert said == f'"steps.0" of "x", which {required(error)}'
    assert wrong_part({"type": "missing", "loc": ("body", "n")}, skip=1) == 'no "n"'
