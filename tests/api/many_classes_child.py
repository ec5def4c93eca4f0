"""Train 80,000 samples of 10,000 classes, write the report, and print what that took: run by test_many_classes."""

import json
import re
import sys
import warnings
from pathlib import Path

import numpy as np

import cutaway as ct

CLASSES = 10_000

warnings.simplefilter("ignore")
generator = np.random.default_rng(0)
y = np.arange(8 * CLASSES) % CLASSES
x = generator.normal(size=(CLASSES, 32)).astype("f4")[y] + generator.normal(size=(len(y), 32)).astype("f4")
data = ct.Dataset.from_arrays(x, y, class_names=[f"class {i}" for i in range(CLASSES)])
run = ct.train(ct.mlp((64,)), data, epochs=1, batch_size=512, validation=0.2, runs=sys.argv[1], progress=False)
folder = sum(file.stat().st_size for file in run.path.rglob("*") if file.is_file())
run.findings()
page = run.report(progress=False).stat().st_size
# not ru_maxrss, which counts what the process had that started this one
peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e6
sys.stdout.write(json.dumps({"gigabytes": peak, "folder": folder, "page": page}) + "\n")
