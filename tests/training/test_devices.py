"""Trainings on four devices of one machine, which XLA makes of one CPU, against one device."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.exhaustive
@pytest.mark.slow
def test_four_devices_train_as_one_does(tmp_path):
    env = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(HERE / "on_devices.py"), str(tmp_path)]
    ran = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True, timeout=600)
    answer = json.loads(ran.stdout.splitlines()[-1])
    for name, found in answer["differences"].items():
        assert found["weights"] < 2e-5, (name, found)
        assert found["predictions"] < 2e-3, (name, found)  # they are kept as float16
        assert max(found["val_loss"], found["test_loss"]) < 1e-5, (name, found)
        assert found["epochs"] == 0, (name, found)
    assert set(answer["differences"]) >= {"plain", "normalized", "stopped", "plain, rows on devices"}
    assert answer["shares"] == [1.0, 0.25]
    assert answer["resumed"] < 2e-5
