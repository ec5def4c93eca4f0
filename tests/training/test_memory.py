"""Training, embedding and asking again and again in one process: what it holds does not grow."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

REPEATS, WARM = 20, 8

CHILD = """
import gc, sys
from pathlib import Path
import cutaway as ct

def held():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) // 1024

data = ct.load_dataset("digits")
sizes = []
for k in range(int(sys.argv[1])):
    run = ct.train(ct.mlp((32,)), data, epochs=1, seed=k, runs=sys.argv[2], progress=False)
    run.predict(data.sources["train"].x[:100])
    run.embed("dense_1", split="test", progress=False)
    run.layers(), run.units("dense_1"), run.confusion(), run.findings()
    gc.collect()  # a Keras model is in cycles, and waits for the collector: 10 MB a turn, up to 200 MB until it runs
    sizes.append(held())
print(*sizes)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process holds is read from Linux")
def test_twenty_trainings_with_their_views_hold_no_more_than_a_few(tmp_path):
    command = [sys.executable, "-c", CHILD, str(REPEATS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    sizes = [int(word) for word in done.stdout.split()]
    assert len(sizes) == REPEATS
    assert max(sizes[WARM:]) - max(sizes[:WARM]) < 16, sizes  # MB


HELD = """
from pathlib import Path
from cutaway.models import forget_compiled_programs

def held():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) // 1024

"""

FRAGMENTS = """
forget_compiled_programs()
first = held()
blocks = [bytes(1000) for _ in range(200_000)]
kept = blocks[::50]
del blocks
print(first, held())
forget_compiled_programs()
print(held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory that is free between blocks")
def test_memory_that_is_free_between_blocks_is_given_back():
    done = subprocess.run([sys.executable, "-c", HELD + FRAGMENTS], capture_output=True, text=True, check=True)
    first, full, after = (int(word) for word in done.stdout.split())
    assert full - first > 150
    assert after - first < 60


LARGE = """
forget_compiled_programs()
block = b"x" * (16 << 20)
del block  # from then on glibc would keep what is smaller
first = held()
blocks = [b"x" * size for _ in range(200) for size in (1 << 20, 1000)]
kept = blocks[1::2]
full = held()
del blocks
print(first, full, held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory that is free between blocks")
def test_large_blocks_are_given_back_when_they_are_freed():
    done = subprocess.run([sys.executable, "-c", HELD + LARGE], capture_output=True, text=True, check=True)
    first, full, after = (int(word) for word in done.stdout.split())
    assert full - first > 190
    assert after - first < 20
