"""Changed files: each opens or is refused; no crash, no hang, memory bounded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("fuzz_child.py")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory needs Linux")
@pytest.mark.parametrize("files", [200, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_changed_files_are_opened_or_refused(files, good, tmp_path):
    command = [sys.executable, CHILD, good.keras, good.h5, str(files)]
    out = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=240)
    assert out.returncode == 0, out.stderr[-4000:]
    counts = json.loads(out.stdout.strip().splitlines()[-1])
    assert counts["opened"] + counts["refused"] >= files
    assert min(counts.values()) >= files / 50, f"both ways are gone often: {counts}"
