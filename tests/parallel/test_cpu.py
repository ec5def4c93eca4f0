import os
import subprocess
import sys

from cutaway.parallel import cpu_count, cpu_flags, has_fast_bfloat16

COUNT = "import os, sys; from cutaway.parallel import cpu_count"


def printed(program, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return done.stdout.split()


def test_the_count_is_that_of_the_affinity_and_loads_no_numba():
    count, numba = printed(f"{COUNT}; os.sched_setaffinity(0, {{0}}); print(cpu_count(), 'numba' in sys.modules)")
    assert (count, numba) == ("1", "False")


def test_a_limit_set_for_numba_counts():
    assert printed(f"{COUNT}; import numba; print(cpu_count())", NUMBA_NUM_THREADS="1") == ["1"]


def test_at_most_is_an_upper_limit():
    assert cpu_count(at_most=1) == 1
    assert cpu_count(at_most=10_000) == cpu_count() >= 1


def test_bfloat16_is_fast_where_a_flag_says_so(monkeypatch):
    assert has_fast_bfloat16() == bool({"avx512_bf16", "amx_bf16"} & set(cpu_flags().split()))
    monkeypatch.setattr("cutaway.parallel.cpu.cpu_flags", lambda: "fpu sse2 amx_bf16")
    assert has_fast_bfloat16()
    monkeypatch.setattr("cutaway.parallel.cpu.cpu_flags", lambda: "fpu sse2")
    assert not has_fast_bfloat16()
