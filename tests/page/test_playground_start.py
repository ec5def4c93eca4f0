"""The playground that is opened from a run: its samples and settings, and what it cannot take over."""

import json

import numpy as np
import pytest

import cutaway as ct
from cutaway.api.playground_start import ACTIVATIONS, INITIALIZERS, SAMPLES, playground_start

from .node import run_script
from .playground_steps import drawn


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    y = np.arange(240) % 3
    x = (random.normal(size=(240, 2)) + np.array([[0, 4], [4, 0], [-4, -4]])[y]).astype(np.float32)
    return ct.Dataset.from_arrays(x, y, name="three", class_names=["a", "b", "c"])


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")

    def train(model=None, **settings):
        model = model or ct.mlp((6, 5), activation="tanh", dropout=0.1)
        return ct.train(model, data, runs=runs, progress=False, **{"epochs": 1, "recipe": "lesson", **settings})

    return train


def test_samples_and_settings_are_those_of_the_run(trained, data):
    run = trained(optimizer="sgd", learning_rate=0.2, momentum=0.5, batch_size=16)
    start = playground_start(run.context)
    assert start["settings"] == {
        "testShare": 0.3,
        "learningRate": 0.2,
        "momentum": 0.5,
        "batchSize": 16,
        "weightDecay": 0.0,
        "optimizer": "sgd",
        "loss": "categorical_crossentropy",
        "hidden": [6, 5],
        "dropout": 0.1,
        "activation": "tanh",
        "initializer": "glorot_uniform",
    }
    assert start["classNames"] == ["a", "b", "c"]
    assert np.array(start["rows"])[:, :2] == pytest.approx(data.inputs(run.split.part("all")).astype(float))
    assert [row[2] for row in start["rows"]] == data.y(run.split.part("all")).tolist()
    assert start["about"] == f"Data and settings of the run {run.path.name}."


def test_what_is_not_taken_over_is_named(trained):
    run = trained(ct.mlp((200,)), schedule="cosine", label_smoothing=0.1)
    start = playground_start(run.context)
    assert start["about"].endswith(
        "the playground has no such setting: schedule, label_smoothing, some layers or units."
    )
    assert start["settings"]["hidden"] == [128]


def test_values_that_the_page_refuses_are_refused_here(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2)).astype(np.float32) * 1e7
    with pytest.warns(ct.CutawayWarning):
        data = ct.Dataset.from_arrays(x, np.arange(60) % 2, name="large", class_names=["a" * 100, "b"])
    run = ct.train(ct.mlp((4,)), data, epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(ct.CutawayError, match="10 samples or more with values within ±1,000,000"):
        playground_start(run.context)


def test_of_more_inputs_than_two_it_says_how_to_train_on_two(digits_run):
    with pytest.raises(ct.CutawayError, match='got 64 inputs .*; next: train on two inputs: leave .* ignore="height"'):
        playground_start(digits_run.context)


def test_the_names_are_those_of_the_page():
    known = run_script("return FIELDS;", imports={"playground/fields.js": "FIELDS"})
    assert {value for value, _ in known["activation"]["choices"]} >= set(ACTIVATIONS)
    assert {value for value, _ in known["initializer"]["choices"]} == set(INITIALIZERS)
    assert known["samples"]["high"] == SAMPLES


def test_a_run_of_other_inputs_is_refused(digits_run, tmp_path):
    with pytest.raises(ct.CutawayError, match="2 inputs and at most 10 classes; got 64 inputs"):
        digits_run.playground(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.browser
def test_the_page_begins_with_the_run(trained, tmp_path, browser):
    run = trained(optimizer="sgd", learning_rate=0.2)
    path = run.playground(tmp_path / "page.html")
    page = browser.new_page()
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector("#regions:not(:empty)")
    shown = page.evaluate(
        "(({ settings, own }) => ({ settings, rows: own.rows.length }))(document.body.playground.controller.state)"
    )
    drawn(page)
    message = page.inner_text("#message")
    page.close()
    assert (shown["settings"]["hidden"], shown["settings"]["learningRate"], shown["rows"]) == ([6, 5], 0.2, 240)
    assert run.path.name in message, json.dumps(shown)
