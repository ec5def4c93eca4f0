"""The grammar of a space: what it reads, and one readable line for everything else."""

import json

import pytest

from cutaway.errors import UnknownNameError, UsageError
from cutaway.execution import PRESETS, Choices, Range, read_space
from cutaway.training import find_recipe

TOML = """
optimizer = ["adam", "adamw"]
learning_rate = {low = 1e-4, high = 1e-1, log = true}
hidden = [[64], [128, 64]]
batch_size = {low = 32, high = 256, step = 32}
"""


def test_toml_json_and_python_say_the_same(tmp_path):
    toml, plain = tmp_path / "a.toml", tmp_path / "a.json"
    toml.write_text(TOML)
    space = read_space(toml)
    plain.write_text(json.dumps(space.to_record()))
    assert read_space(plain) == read_space(space.to_record()) == space
    assert space.settings["hidden"] == Choices(((64,), (128, 64)))
    assert space.settings["learning_rate"] == Range(1e-4, 1e-1, log=True)
    assert space.settings["batch_size"] == Range(32, 256, step=32, whole=True)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_hold_the_default_recipes(name):
    settings = read_space(name).settings
    for recipe in map(find_recipe, ("default", "table")):
        default = {"dropout": recipe.form.dropout, "layers": len(recipe.form.hidden), "units": recipe.form.hidden[0]}
        default |= {key: value for key, value in recipe.settings.items() if value != "auto"}
        for setting in {*settings} & {*default}:
            assert settings[setting].holds(default[setting]), setting


def test_a_setting_of_one_optimizer_has_an_effect_beside_that_one_only():
    space = read_space("optimizer")
    assert next(iter(space.settings)) == "optimizer"
    assert space.has_effect("momentum", {"optimizer": "sgd"})
    assert not space.has_effect("momentum", {"optimizer": "adam"})
    assert not space.has_effect("weight_decay", {"optimizer": "sgd"})
    assert space.has_effect("dropout", {})


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"learnin_rate": [0.1]}, "did you mean learning_rate?"),
        ({"seed": [1, 2]}, "the best of several seeds is the luckiest one"),
        ({"label_smoothing": [0.0, 0.1]}, "changes the validation loss itself"),
        ({"epochs": [1, 2]}, "the same epoch"),
        ({"dropout": {"low": 0.5, "high": 0.1}}, "low 0.5 and high 0.1; next: write dropout = {low = 0.1, high = 0.5}"),
        ({"dropout": {"low": 0.1, "high": 0.1}}, "is below its high end"),
        ({"dropout": {"low": 0.0, "high": 1.5}}, "dropout is a fraction"),
        ({"learning_rate": {"low": 0.0, "high": 0.1, "log": True}}, "begins above 0"),
        ({"learning_rate": {"low": 0.1, "high": 0.2, "step": 5}}, "a step is at most the whole range"),
        ({"learning_rate": {"low": "a", "high": 0.2}}, "the numbers low and high"),
        ({"learning_rate": {"low": float("nan"), "high": 0.2}}, "the numbers low and high"),
        ({"learning_rate": {"low": 0.1, "high": float("inf")}}, "the numbers low and high"),
        ({"units": {"low": 1, "high": 10**400}}, "the numbers low and high"),
        ({"learning_rate": {"low": 0.1, "high": 0.2, "lag": True}}, "the numbers low and high"),
        ({"learning_rate": {"low": 0.1}}, "the numbers low and high"),
        ({"learning_rate": 0.1}, "a list of choices, or a range"),
        ({"learning_rate": [0.1, -1]}, "learning_rate is a number, greater than 0"),
        ({"batch_size": {"low": 1.5, "high": 3.5}}, "batch_size is a whole number"),
        ({"units": {"low": 0, "high": 3}}, "at least 1"),
        ({"layers": {"low": 1, "high": 99}}, "from 1 to 16"),
        ({"optimizer": ["adam", "lion"]}, "optimizer is one of sgd, adam, adamw"),
        ({"optimizer": {"low": 1, "high": 2}}, "has a list of choices"),
        ({"optimizer": []}, "at least one"),
        ({"optimizer": ["adam", "adam"]}, "different values"),
        ({"dropout": [0, 0.0]}, "different values"),
        ({"hidden": [[64], "a"]}, "hidden lists the units"),
        ({"hidden": [[64]], "layers": [1, 2]}, "hidden, or layers and units"),
        ({"activation": ["relu", "rely"]}, "activation is one of"),
        ({"ensemble": [1, 10_000]}, "from 1 to 256"),
        ({}, "a space maps settings to their values"),
    ],
)
def test_what_is_wrong_is_one_line(space, said):
    with pytest.raises(UsageError) as error:
        read_space(space)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "learning_rate = {low = ", "a space is a TOML file"),
        ("a.json", "{", "a space is a TOML file, or a JSON file"),
        ("a.json", "[1]", "a space maps settings"),
        ("a.toml", "\ud800", "a space is a TOML file"),
        ("a.toml", "x" * (1 << 21), "more than 1,048,576 bytes"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, name, text, said):
    file = tmp_path / name
    file.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(UsageError, match=said):
        read_space(file)


def test_a_space_that_is_not_there():
    with pytest.raises(UnknownNameError, match='next: try space="default"'):
        read_space("defalt")
