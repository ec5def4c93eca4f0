"""Data on disk, end to end: a training beyond a limit of memory, flat peaks, and files that break under a run."""

import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cutaway as ct
from cutaway.data import SampleIds, mapping
from cutaway.errors import DataError
from cutaway.models import build_model, forward, forward_pass
from cutaway.training import TrainingData, find_recipe, make_config
from cutaway.training.loop import evaluation
from cutaway.training.loop.evaluation import BLOCK, DEVICE_BYTES, PART_BYTES, Evaluation, blocks_of
from cutaway.training.loop.optimizer import make_optimizer
from cutaway.training.loop.trainer import initial_state

CHILD = Path(__file__).with_name("memory_child.py")
MIB = 2**20
SMALL, LARGE = 8_192, 65_536
SAMPLE = 16 * 1024

ROW_BYTES = 256
"""What grows with the samples, each: order, labels, split, ids and predictions of two classes, with their copies."""

NOISE = 5 * 16 * MIB
"""Which chunks happen to be in memory together, and what the allocator keeps: of 896 MiB more, 38 to 50 MiB were seen,
and 65 MiB on a busy machine."""

X = np.random.default_rng(0).standard_normal((300, 5, 4), np.float32)
Y = np.arange(300) % 3


@pytest.fixture(scope="module")
def answer(tmp_path_factory, made_once):
    if sys.platform != "linux":
        pytest.skip("RLIMIT_DATA and RssAnon bound what a process holds on Linux only")
    limit = 512 * MIB
    assert 2 * limit == LARGE * SAMPLE

    def measure(out):
        command = [
            sys.executable,
            str(CHILD),
            str(tmp_path_factory.mktemp("large")),
            str(limit),
            str(SMALL),
            str(LARGE),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        (out / "answer.json").write_text(done.stdout)

    return json.loads((made_once("larger than memory", measure) / "answer.json").read_text())


@pytest.mark.exhaustive  # a child process of a minute
def test_a_training_on_twice_the_memory_that_is_allowed_learns_and_reports(answer):
    assert answer["fits"] is False  # loading it, as without streaming, is a MemoryError
    assert answer[str(LARGE)]["accuracy"] > 0.98
    assert answer["report"] > 100_000


@pytest.mark.exhaustive
@pytest.mark.parametrize("phase", ["training", "looking"])
def test_peak_memory_stays_flat_as_the_data_grow_eightfold(answer, phase):
    grown = answer[str(LARGE)][phase] - answer[str(SMALL)][phase]
    allowed = ROW_BYTES * (LARGE - SMALL) + NOISE
    assert allowed < (LARGE - SMALL) * SAMPLE / 7
    assert grown < allowed, f"{grown / MIB:.0f} MiB more, of {allowed / MIB:.0f}"


def folder_of(path, x=X, y=Y):
    np.save(path / "x_train.npy", x)
    np.save(path / "y_train.npy", y)
    return path


def test_a_cut_file_is_refused_wherever_it_is_read(tmp_path):
    folder_of(tmp_path)
    data = ct.load_dataset(tmp_path)
    rows = data.rows(SampleIds(("train",), np.zeros(300, np.uint8), np.arange(300)))
    rows[:]
    os.truncate(tmp_path / "x_train.npy", 500)
    for read in (lambda: rows[:5], lambda: rows[299], lambda: rows[np.arange(4).reshape(2, 2)], lambda: data.sha256):
        with pytest.raises(DataError):
            read()
    with pytest.raises(DataError):
        ct.load_dataset(tmp_path)


def test_a_file_that_grows_or_is_mapped_from_far_inside_is_no_cut_one(tmp_path):
    file, begin = tmp_path / "raw", 3 * mapping.mmap.ALLOCATIONGRANULARITY + 64
    file.write_bytes(bytes(begin) + X.tobytes())
    mapped = np.memmap(file, np.float32, mode="r", offset=begin, shape=X.shape)
    for view in (mapped, np.asarray(mapped)[3:], mapped.reshape(300, 20)):
        mapping.check_whole(view)
    os.truncate(file, begin + X.nbytes + 1)
    mapping.check_whole(mapped)
    os.truncate(file, begin + X.nbytes - 1)
    with pytest.raises(DataError, match=rf"{begin + X.nbytes} to {begin + X.nbytes - 1} "):
        mapping.check_whole(np.asarray(mapped)[3:])
    mapping.check_whole(X)


def test_what_is_not_finite_in_a_late_piece_is_refused_before_a_run_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(mapping, "PIECE_BYTES", 7 * X[0].nbytes)
    bad = X.copy()
    bad[299, 4, 3] = np.nan
    folder_of(tmp_path, bad)
    with pytest.raises(DataError, match=r"train\[299\]"):
        ct.train(ct.mlp((4,)), tmp_path, runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


def unaligned(path, x):
    path.write_bytes(b"." + x.tobytes())
    return np.memmap(path, x.dtype, mode="r", offset=1, shape=x.shape)


def fortran(path, x):
    np.save(path, np.asfortranarray(x))
    return np.load(path, mmap_mode="r")


def test_rows_of_two_files_are_gathered_without_a_second_copy(tmp_path):
    x = np.random.default_rng(1).standard_normal((4096, 1024), np.float32)
    np.save(tmp_path / "a.npy", x)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    data = ct.Dataset.from_arrays(mapped, np.arange(4096) % 2, x_test=x[:9] + 1, y_test=np.arange(9) % 2)
    code, index = np.repeat(np.array([0, 1], np.uint8), [4096, 9]), np.r_[np.arange(4096), np.arange(9)]
    rows = data.rows(SampleIds(("train", "test"), code, index))
    tracemalloc.start()
    try:
        picked = rows[:]
        assert tracemalloc.get_traced_memory()[1] < 3 * mapping.OWN_BYTES < x.nbytes
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(picked, np.concatenate([x, x[:9] + 1]))


@pytest.mark.parametrize("kind", [fortran, unaligned, lambda path, x: fortran(path, x)[:, ::2]])
def test_rows_of_maps_in_any_order_are_gathered_without_loading_the_map(tmp_path, kind):
    x = np.random.default_rng(1).standard_normal((4096, 1024), np.float32)  # 16 MiB
    mapped = kind(tmp_path / "x.npy", x)
    expected = np.array(mapped)
    data = ct.Dataset.from_arrays(mapped, np.arange(4096) % 2)
    rows = data.rows(SampleIds(("train",), np.zeros(4096, np.uint8), np.arange(4096)))
    tracemalloc.start()
    try:
        picked = rows[np.array([[4095, 0], [7, 7]])]
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(picked, expected[[[4095, 0], [7, 7]]])


def test_large_rows_have_memory_of_their_own_and_are_no_file(tmp_path):
    x = np.random.default_rng(1).integers(0, 256, (3000, 1024), np.uint8)
    data = ct.Dataset.from_arrays(x, np.arange(3000) % 2)
    ids = SampleIds(("train",), np.zeros(3000, np.uint8), np.arange(3000)[::-1].copy())
    picked = data.x(ids)
    assert picked.nbytes > mapping.OWN_BYTES
    np.testing.assert_array_equal(picked, x[::-1])
    assert picked.flags.writeable
    assert ct.Dataset.from_arrays(picked, np.arange(3000) % 2).in_memory
    assert mapping.empty((0, 5), np.dtype("u1")).shape == (0, 5)
    with pytest.raises(MemoryError):
        mapping.empty((2**50, 8), np.dtype("f4"))


@given(samples=st.integers(1, 10**6), size=st.one_of(st.integers(1, 10**5), st.integers(1, 10**9)))
def test_parts_of_an_evaluation_are_bounded_and_hardly_filled_up(samples, size):
    count, block = blocks_of(samples, size)
    assert 1 <= block <= BLOCK
    part = count * block
    parts = -(-samples // part)
    if samples * size <= DEVICE_BYTES:
        assert parts == 1
    elif part > 1:
        assert part * size <= 2 * PART_BYTES
    wanted = 1 if samples * size <= DEVICE_BYTES else min(-(-samples * size // PART_BYTES), samples)
    padding = part * parts - samples
    assert padding < (samples if parts == count == 1 else wanted * count)


@pytest.mark.parametrize("part_bytes", [pytest.param(1, marks=pytest.mark.exhaustive), 500])
def test_an_evaluation_in_parts_is_that_in_one(monkeypatch, part_bytes):
    model = ct.mlp((8,))
    build_model(model, shape=(5, 4), classes=3, seed=0)
    config = make_config(find_recipe("default").settings, samples=100, epochs=1)
    state = initial_state(model, make_optimizer(config, steps=1))
    data = TrainingData(x=X, y=Y, train=101, val=70, scale=1.0, classes=3)
    whole, metrics = Evaluation(model, data, config=config).measure(state)
    monkeypatch.setattr(evaluation, "DEVICE_BYTES", 0)
    monkeypatch.setattr(evaluation, "PART_BYTES", part_bytes)
    ids = SampleIds(("train",), np.zeros(300, np.uint8), np.arange(300))
    for x in (X, ct.Dataset.from_arrays(X, Y).rows(ids)):
        parts, same = Evaluation(model, replace(data, x=x), config=config).measure(state)
        np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-7)
        for one, other in zip(same, metrics, strict=True):
            assert one == pytest.approx(other, rel=1e-5)


@pytest.mark.parametrize("batch_bytes", [pytest.param(1, marks=pytest.mark.exhaustive), 99 * X[0].nbytes])
def test_large_samples_go_through_a_net_in_smaller_batches(monkeypatch, batch_bytes):
    model = ct.mlp((8,))
    build_model(model, shape=(5, 4), classes=3, seed=0)
    whole = forward(model, X, scale=1.0)
    monkeypatch.setattr(forward_pass, "BATCH_BYTES", batch_bytes)
    assert forward_pass.batch_size(X) == max(1, batch_bytes // X[0].nbytes)
    told = []
    np.testing.assert_allclose(forward(model, X, scale=1.0, on_progress=told.append), whole, rtol=1e-5, atol=1e-7)
    assert (told[-1].done, told[-1].total) == (300, 300)
