"""The grammar of a space: what it reads, and one readable line for everything else."""

import json

import pytest

from cutaway.errors import UnknownNameError, UsageError
from cutaway.topics.sweeps.space import PRESETS, Choices, Range, has_effect, read_space
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
    record = {name: values.to_record() for name, values in space.items()}
    plain.write_text(json.dumps(record))
    assert read_space(plain) == read_space(record) == space
    assert space["hidden"] == Choices(((64,), (128, 64)))
    assert space["learning_rate"] == Range(low=1e-4, high=1e-1, log=True)
    assert space["batch_size"] == Range(low=32, high=256, step=32)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_hold_the_default_recipes(name):
    settings = read_space(name)
    for recipe in map(find_recipe, ("default", "table")):
        default = {"dropout": recipe.form.dropout, "layers": len(recipe.form.hidden), "units": recipe.form.hidden[0]}
        default |= {key: value for key, value in recipe.settings.items() if value != "auto"}
        for setting in {*settings} & {*default}:
            assert settings[setting].holds(default[setting]), setting


def test_a_setting_of_one_optimizer_has_an_effect_beside_that_one_only():
    space = read_space("optimizer")
    assert next(iter(space)) == "optimizer"
    assert has_effect("momentum", {"optimizer": "sgd"})
    assert not has_effect("momentum", {"optimizer": "adam"})
    assert not has_effect("weight_decay", {"optimizer": "sgd"})
    assert has_effect("dropout", {})


@pytest.mark.parametrize(
    "space",
    [
        {"learnin_rate": [0.1]},
        {"seed": [1, 2]},
        {"label_smoothing": [0.0, 0.1]},
        {"epochs": [1, 2]},
        {"dropout": {"low": 0.5, "high": 0.1}},
        {"dropout": {"low": 0.1, "high": 0.1}},
        {"dropout": {"low": 0.0, "high": 1.5}},
        {"learning_rate": {"low": 0.0, "high": 0.1, "log": True}},
        {"learning_rate": {"low": 0.1, "high": 0.2, "step": 5}},
        {"learning_rate": {"low": 0.1, "high": 0.2, "step": 0.1, "log": True}},
        {"learning_rate": {"low": "a", "high": 0.2}},
        {"learning_rate": {"low": float("nan"), "high": 0.2}},
        {"learning_rate": {"low": 0.1, "high": float("inf")}},
        {"units": {"low": 1, "high": 10**400}},
        {"learning_rate": {"low": 0.1, "high": 0.2, "lag": True}},
        {"learning_rate": {"low": 0.1}},
        {"learning_rate": 0.1},
        {"learning_rate": [0.1, -1]},
        {"batch_size": {"low": 1.5, "high": 3.5}},
        {"units": {"low": 0, "high": 3}},
        {"layers": {"low": 1, "high": 99}},
        {"optimizer": ["adam", "lion"]},
        {"optimizer": {"low": 1, "high": 2}},
        {"optimizer": []},
        {"optimizer": ["adam", "adam"]},
        {"dropout": [0, 0.0]},
        {"hidden": [[64], "a"]},
        {"hidden": [[64]], "layers": [1, 2]},
        {"activation": ["relu", "rely"]},
        {"ensemble": [1, 10_000]},
        {},
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(space):
    with pytest.raises(UsageError) as error:
        read_space(space)
    assert all(name in str(error.value) for name in list(space)[:1])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "learning_rate = {low = ", "cannot read"),
        ("a.json", "{", "cannot read"),
        ("a.json", "[1]", "no settings in"),
        ("a.toml", "\ud800", "cannot read"),
        ("a.toml", "x" * (1 << 21), "more than 1,048,576 bytes"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, name, text, said):
    file = tmp_path / name
    file.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(UsageError, match=said):
        read_space(file)


def test_a_space_that_is_not_there():
    with pytest.raises(UnknownNameError):
        read_space("defalt")
