"""A thousand changed files: each opens or is refused; no crash, no hang, memory bounded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("fuzz_child.py")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory needs Linux")
def test_a_thousand_changed_files(good, tmp_path):
    out = subprocess.run(
        [sys.executable, CHILD, good.keras, good.h5], capture_output=True, text=True, cwd=tmp_path, timeout=240
    )
    assert out.returncode == 0, out.stderr[-4000:]
    counts = json.loads(out.stdout.strip().splitlines()[-1])
    assert counts["opened"] + counts["refused"] >= 1000
    assert min(counts.values()) >= 20, f"both ways are gone often: {counts}"
