"""Measure what the layers of a model of 10,000 classes know, and print the peak of memory: run by test_many_classes."""

import json
import re
import sys
import warnings
from pathlib import Path

import numpy as np

import cutaway as ct

CLASSES = 10_000

warnings.simplefilter("ignore")
y = np.arange(2 * CLASSES) % CLASSES
x = np.random.default_rng(0).normal(size=(CLASSES, 8)).astype("f4")[y]
data = ct.Dataset.from_arrays(x, y, x_test=x[:CLASSES], y_test=y[:CLASSES])
run = ct.train(ct.mlp((8,)), data, epochs=1, batch_size=2000, validation=0.5, runs=sys.argv[1], progress=False)
history = run.layer_history(epochs=1, progress=False)
# not ru_maxrss, which counts what the process had that started this one
peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e6
answer = {"gigabytes": peak, "samples": history.records[0].samples, "note": getattr(history, "note", "")}
sys.stdout.write(json.dumps(answer) + "\n")
