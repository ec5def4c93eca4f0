"""The playground that is opened from a run: its samples and settings, and what it cannot take over."""

import json

import numpy as np
import pytest

import cutaway as ct
from cutaway.api.playground import ACTIVATIONS, INITIALIZERS, SAMPLES, playground_start

from .node import run_script
from .playground_steps import drawn, wait


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("plane")


def test_samples_and_settings_are_those_of_the_run(run):
    start = playground_start(run.context)
    assert start["settings"] == {
        "testShare": 0.3,
        "learningRate": 0.2,
        "momentum": 0.5,
        "batchSize": 16,
        "weightDecay": 0.0,
        "optimizer": "sgd",
        "loss": "categorical_crossentropy",
        "hidden": [16],
        "dropout": 0.1,
        "activation": "tanh",
        "initializer": "glorot_uniform",
    }
    assert start["classNames"] == ["a", "b", "c"]
    assert np.array(start["rows"])[:, :2] == pytest.approx(run.data.inputs(run.split.part("all")).astype(float))
    assert [row[2] for row in start["rows"]] == run.data.y(run.split.part("all")).tolist()
    assert run.path.name in start["about"]
    assert start["inputNames"] == ["x", "y"]


@pytest.mark.exhaustive
def test_what_is_not_taken_over_is_named(run, tmp_path):
    settings = {"epochs": 1, "schedule": "cosine", "label_smoothing": 0.1}
    other = ct.train(ct.mlp((200,)), run.data, recipe="lesson", runs=tmp_path, progress=False, **settings)
    start = playground_start(other.context)
    assert all(name in start["about"] for name in ("schedule", "label_smoothing"))
    assert start["settings"]["hidden"] == [128]


@pytest.mark.exhaustive
def test_values_that_the_page_refuses_are_refused_here(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2)).astype(np.float32) * 1e7
    with pytest.warns(ct.CutawayWarning):
        data = ct.Dataset.from_arrays(x, np.arange(60) % 2, name="large", class_names=["a" * 100, "b"])
    run = ct.train(ct.mlp((4,)), data, epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(ct.CutawayError):
        playground_start(run.context)


def test_of_more_inputs_than_two_it_says_how_to_train_on_two(digits_run):
    with pytest.raises(ct.CutawayError):
        playground_start(digits_run.context)


def test_the_names_are_those_of_the_page():
    known = run_script("return FIELDS;", imports={"playground/fields.js": "FIELDS"})
    assert {value for value, _ in known["activation"]["choices"]} >= set(ACTIVATIONS)
    assert {value for value, _ in known["initializer"]["choices"]} == set(INITIALIZERS)
    assert known["samples"]["high"] == SAMPLES


def test_a_run_of_other_inputs_is_refused(digits_run, tmp_path):
    with pytest.raises(ct.CutawayError):
        digits_run.playground(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.browser
def test_the_page_begins_with_the_run(run, tmp_path, browser):
    path = run.playground(tmp_path / "page.html")
    page = browser.new_page()
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-ready]")
    wait(page, "state.frame")
    shown = page.evaluate(
        "(({ settings, own }) => ({ settings, rows: own.rows.length }))(document.body.playground.controller.state)"
    )
    drawn(page)
    message = page.inner_text("#message")
    page.close()
    assert (shown["settings"]["hidden"], shown["settings"]["learningRate"], shown["rows"]) == ([16], 0.2, 240)
    assert run.path.name in message, json.dumps(shown)
