import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from cutaway.embedding import embed
from cutaway.embedding.tsne.affinities import kl_divergence
from cutaway.neighbors import principal_points
from tests.embedding.exact_affinities import affinities_of


@pytest.mark.parametrize("n", [150, 4100])
def test_the_reported_kl_divergence_is_exact(n):
    h = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    layout = embed(h, max_iter=251, perplexity=10)
    graph = affinities_of(principal_points(h, 5)[1], 10.0)
    assert layout.kl_divergence == pytest.approx(kl_divergence(graph, layout.xy), rel=1e-6)
    assert layout.settings["repulsion"] == ("exact" if n == 150 else "grid")
    assert (layout.settings["grid_nodes"] > 0) == (n > 150)


@given(st.integers(4, 60), st.integers(1, 5), st.floats(0, 1), st.integers(0, 3))
@example(17, 1, 1.0, 0)
def test_any_size_works(n, columns, share, seed):
    h = np.random.default_rng(seed).normal(size=(n, columns))
    # three times the next number below n / 3 may be rounded up to n
    largest = n / 3 - 1e-9
    layout = embed(h, perplexity=1 + share * (largest - 1), max_iter=251)
    assert (layout.xy.shape, layout.xy.dtype) == ((n, 2), np.float32)
    assert np.isfinite(layout.xy).all()
    assert np.ptp(layout.xy, axis=0).max() > 0
    assert np.isfinite(layout.kl_divergence)


def test_equal_rows_are_near_each_other():
    kinds = np.random.default_rng(0).normal(size=(20, 5))
    xy = embed(np.repeat(kinds, 12, axis=0), perplexity=8).xy.reshape(20, 12, 2)
    centers = xy.mean(axis=1)
    within = np.linalg.norm(xy - centers[:, None], axis=2).max()
    between = np.linalg.norm(centers[:, None] - centers, axis=2)
    assert within < between[between > 0].min()


def test_all_rows_equal_except_one_can_be_laid_out():
    h = np.zeros((100, 10))
    h[3, 2] = 1
    xy = embed(h).xy
    assert np.isfinite(xy).all()
    assert len(np.unique(xy, axis=0)) > 1


def test_four_samples_do_not_end_as_one_point():
    xy = embed(np.array([[0.0, 0], [0, 1], [5, 5], [5, 6]]), perplexity=1, max_iter=300).xy
    apart = np.linalg.norm(xy[:, None] - xy, axis=2)
    assert max(apart[0, 1], apart[2, 3]) < 0.5 * min(apart[0, 2], apart[1, 3])


def test_constant_columns_change_nothing():
    h = np.random.default_rng(0).normal(size=(200, 3))
    more = np.concatenate([h, np.full((200, 4), 7.0)], axis=1)
    apart = [np.linalg.norm(embed(each, max_iter=300).xy, axis=1) for each in (h, more)]
    assert np.corrcoef(*apart)[0, 1] > 0.99


def test_the_callback_sees_the_start_before_the_neighbors_are_searched():
    reports, steps = [], []
    h = load_iris().data
    embed(
        h,
        max_iter=251,
        on_progress=lambda each: reports.append(each.task),
        callback=lambda step: steps.append((step, len(reports))),
    )
    first, before = steps[0]
    assert (first.iteration, first.phase, first.kl_divergence) == (0, "start", None)
    assert reports[:before] == ["principal components"] * 2
    assert first.xy[:, 0].std() == pytest.approx(1e-4, rel=1e-3)
    assert steps[-1][0].iteration == 251


def test_stopping_at_the_start_returns_the_start():
    layout = embed(load_iris().data, callback=lambda step: True)
    assert layout.settings["stopped"] == "canceled"
    assert layout.settings["iterations"] == 0
    assert layout.kl_divergence is None
    assert layout.quality is None
    assert layout.misplaced is None


@pytest.mark.exhaustive
def test_warming_up_leaves_nothing_to_compile():
    program = """
import sys
import numpy as np
from cutaway.embedding import embed, place, placement, warm_up
from cutaway.neighbors import components

def compiled():
    rooms = ("cutaway.embedding.", "cutaway.neighbors.")
    room = [module for name, module in sys.modules.items() if name.startswith(rooms)]
    kernels = [each for module in room for each in vars(module).values() if hasattr(each, "signatures")]
    return {(each.py_func.__qualname__, signature) for each in kernels for signature in each.signatures}

components.FLOAT64_MULTIPLICATIONS = 1e5  # as if products of many rows were large
warm_up()
before = compiled()
h = np.random.default_rng(0).normal(size=(4100, 130)).astype("f4")
h[::3] = h[0]
fixed = np.asfortranarray(h[:500, :7])
fixed.setflags(write=False)
for part in (h, h[:50].astype("f8"), fixed, np.repeat(h[:60], 2, axis=1)[:, ::2]):
    layout = embed(part, perplexity=5, max_iter=251, labels=np.arange(len(part)) % 3)
    layout.xy.setflags(write=False)
    place(part[:3], placement(part, layout.xy))
print(len(before) > 10, compiled() - before)
"""
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert output.strip() == "True set()"


def test_the_package_is_imported_without_numba():
    program = "import sys, cutaway.embedding; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.exhaustive
def test_progress_says_that_kernels_are_compiled_and_only_the_first_time(tmp_path):
    program = """
import numpy as np
from cutaway.embedding import embed
told = []
embed(np.random.default_rng(0).normal(size=(100, 4)), max_iter=251, on_progress=told.append)
for each in told:
    if each.task == "compiling":
        print(each.done, each.total, each.note)
"""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "NUMBA_CACHE_DIR": ""}
    first, again = (
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
        for _ in range(2)
    )
    lines = first.stdout.splitlines()
    assert "0 1 once on this machine: verify_neighbors" in lines
    assert "0 1 once on this machine: scan" in lines
    assert "0 1 once on this machine: gradient_step" in lines
    assert "0 1 once on this machine: gather" not in lines, "which only more samples need"
    assert re.fullmatch(r"1 1 \d+ functions in \d+\.\d s, once on this machine", lines[-1])
    assert again.stdout == ""


@pytest.mark.exhaustive
def test_kernels_are_kept_in_a_private_folder_and_work_without_one(tmp_path):
    program = """
import numpy as np
from cutaway.embedding.tsne.kernels.repulsion import filter_spectrum
filter_spectrum(np.zeros((2, 4), "f4"), np.zeros((2, 2), "f4"))
"""
    environment = {"PATH": "", "XDG_CACHE_HOME": str(tmp_path / "home")}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
    (folder,) = (tmp_path / "home" / "cutaway").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.rglob("*.nbc"))
    (tmp_path / "file").touch()
    environment["XDG_CACHE_HOME"] = str(tmp_path / "file")
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
