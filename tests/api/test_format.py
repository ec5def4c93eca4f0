"""A run folder as cutaway wrote it in format 2 opens with its split, its history and the predictions of its weights."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import cutaway as ct

AGES = [None if k == 5 else 20 + 5 * (k % 7) for k in range(40)]
CITIES = ["Oslo", "Rome"] * 20
TEST = [0, 3, 20, 21, 24, 25, 33, 36]
CENTER, SCALE = 34.34782608695652, 9.475867268566681

WEIGHTS = {
    "dense_1/kernel": [[0.309, -0.052], [-0.757, -0.192], [-0.917, 0.758], [-0.187, -0.068]],
    "dense_1/bias": [0.0096, 0.0035],
    "output/kernel": [[0.106, 1.152], [0.967, 0.712]],
    "output/bias": [0.0043, -0.0043],
}
AGE = {"column": "age", "kind": "number", "fill": 35.0, "indicator": True, "center": CENTER, "scale": SCALE}
CITY = {"column": "city", "kind": "category", "values": ["Oslo", "Rome"], "other": False, "indicator": False}
DATASET = {
    "name": "people",
    "sha256": "611002d01d24a5fa6c48e5f1a48530636b9575b420404e15a73427ccb7190739",
    "origin": {"kind": "path", "path": "/home/ada/people.csv", "options": '{"label": "left"}'},
    "shape": [4],
    "scale": 1.0,
    "class_names": ["no", "yes"],
    "feature_names": ["age", "age is missing", "city=Oslo", "city=Rome"],
    "preparation": {"steps": [AGE | {"quantiles": None, "low": 20.0, "high": 50.0}, CITY], "rows": 24},
    "relabeled": None,
}
DENSE = {
    "units": 2,
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": {"class_name": "GlorotUniform", "config": {}},
    "bias_initializer": {"class_name": "Zeros", "config": {}},
    "kernel_regularizer": None,
    "bias_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}
LAYERS = [
    {"kind": "Dense", "name": "dense_1", "inputs": ["input"], "config": DENSE},
    {"kind": "Dense", "name": "output", "inputs": ["dense_1"], "config": DENSE | {"activation": "softmax"}},
]
RUN = {
    "format": 2,
    "name": "20261128-121340-people-eb34",
    "created": "2026-11-28T12:13:40.629+00:00",
    "status": "finished",
    "why": None,
    "origin": "training",
    "dataset": DATASET,
    "split": {
        "counts": {"train": 24, "val": 8, "test": 8},
        "validation": 0.25,
        "seed": 0,
        "stratified": True,
        "membership": {"train": {"samples": 40, "codes": "eNpjYmRgYgACRgYYYGRkYmIAYZAYUBaiAAACAgAZ"}},
    },
    "model": {
        "name": "mlp",
        "kind": "Sequential",
        "input": {"name": "input", "shape": [4]},
        "layers": LAYERS,
        "output": "output",
    },
    "first_weights": "drawn from the seed",
    "sample_weight": None,
    "config": {
        "epochs": 2,
        "batch_size": 8,
        "optimizer": "adam",
        "learning_rate": 0.003,
        "momentum": 0.0,
        "weight_decay": 0.0,
        "schedule": "cosine",
        "loss": "categorical_crossentropy",
        "label_smoothing": 0.05,
        "precision": "bfloat16",
        "validation": 0.25,
        "patience": None,
        "class_weight": None,
        "virtual_adversarial": 0.0,
        "augment": None,
        "seed": 0,
    },
    "seed": 0,
    "versions": {"python": "3.11.7", "jax": "0.10.2", "cutaway": "0.1.0", "keras": "3.15.1", "numpy": "2.4.6"},
    "device": {"backend": "jax", "platform": "cpu", "kind": "cpu", "threads": 2, "machine": "x86_64"},
    "process": None,
    "kept_epoch": 2,
    "best_epoch": 2,
    "test": {"loss": 0.74, "accuracy": 0.5625, "cross_entropy": 0.738},
    "cost": {"training": 0.364},
    "sweep": None,
}
HISTORY = """\
{"kind": "progress", "epoch": 1, "samples": 24, "loss": 0.675, "accuracy": 0.667}
{"kind": "epoch", "epoch": 1, "loss": 0.675, "accuracy": 0.667, "val_loss": 0.681, "val_accuracy": 0.75, \
"learning_rate": 0.0015, "seconds": 5.9, "samples_per_second": 4.1, "gap": 0.006, "best_epoch": 1, "turned": false}
{"kind": "epoch", "epoch": 2, "loss": 0.672, "accuracy": 0.667, "val_loss": 0.680, "val_accuracy": 0.75, \
"learning_rate": 0.0, "seconds": 0.04, "samples_per_second": 661.1, "gap": 0.008, "best_epoch": 2, "turned": false}
"""


@pytest.fixture
def run(tmp_path):
    table = [f"{'' if age is None else age},{city}" for age, city in zip(AGES, CITIES, strict=True)]
    lines = [f"{row},{'yes' if k % 7 > 3 else 'no'}" for k, row in enumerate(table)]
    (tmp_path / "people.csv").write_text("\n".join(["age,city,left", *lines]) + "\n", encoding="utf-8")
    (tmp_path / "run" / "snapshots").mkdir(parents=True)
    (tmp_path / "run" / "run.json").write_text(json.dumps(RUN), encoding="utf-8")
    (tmp_path / "run" / "history.jsonl").write_text(HISTORY, encoding="utf-8")
    weights = {name: np.array(values, np.float32) for name, values in WEIGHTS.items()}
    save_file(weights, tmp_path / "run" / "snapshots" / "epoch-0002.safetensors")
    return ct.open_run(tmp_path / "run", data=tmp_path / "people.csv")


def test_a_run_that_was_written_is_opened_with_its_numbers(run):
    assert run.split.test.index.tolist() == TEST
    rows = [[(AGES[k] - CENTER) / SCALE, 0, CITIES[k] == "Oslo", CITIES[k] == "Rome"] for k in TEST]
    kernels, biases = (
        [np.array(WEIGHTS[f"{name}/{of}"]) for name in ("dense_1", "output")] for of in ("kernel", "bias")
    )
    logits = np.maximum(np.array(rows, float) @ kernels[0] + biases[0], 0) @ kernels[1] + biases[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(run.predictions(), expected, atol=1e-6)
    history = run.history.to_pandas()
    assert history["epoch"].tolist() == [1, 2]
    assert history["val_loss"].tolist() == [0.681, 0.680]
    assert history["learning_rate"].tolist() == [0.0015, 0.0]
    assert (run.test, run.config["epochs"]) == (RUN["test"], 2)
