import numpy as np
import pytest

import cutaway as ct
from cutaway.api.sequence import EmbeddingSequence, embed_epochs, embed_layers
from cutaway.embedding import inspect_quality
from cutaway.errors import CutawayWarning, DataError, UnknownNameError, UsageError

SETTINGS = {"split": "test", "perplexity": 20.0}


@pytest.fixture(scope="module")
def sequence(digits_run):
    return embed_epochs(digits_run, "dense_2", epochs=[4, 5, 6], **SETTINGS)


def test_epochs_come_in_a_row(digits_run, sequence):
    n = len(digits_run.split.test)
    assert isinstance(sequence, EmbeddingSequence)
    assert sequence.names == ("epoch 4", "epoch 5", "epoch 6")
    assert [frame.epoch for frame in sequence.frames] == [4, 5, 6]
    assert (sequence.xy.shape, sequence.xy.dtype) == ((3, n, 2), np.float32)
    assert (sequence.drift.shape, sequence.drift.dtype) == ((2, n), np.float32)
    assert sequence.ids.names() == digits_run.split.test.names()
    held = sequence.kept[0] >= 0.8
    assert held.mean() > 0.9
    assert sequence.drift[0][held].mean() < 0.1
    labels = digits_run.predictions(epoch=5).argmax(axis=1)
    np.testing.assert_array_equal(sequence.frames[1].predicted, labels)


def test_what_is_kept_asks_the_net_nothing(sequence, digits_run, monkeypatch):
    def asked(*_, **__):
        raise AssertionError("the model was asked")

    monkeypatch.setattr("cutaway.models.forward", asked)
    again = embed_epochs(digits_run, "dense_2", epochs=[4, 5, 6], **SETTINGS)
    for one, other in zip(again.frames, sequence.frames, strict=True):
        np.testing.assert_array_equal(one.predicted, other.predicted)


def test_trust_is_measured_when_it_is_asked_for(sequence):
    first, further = sequence.frames[:2]
    assert first.layout.quality == first.quality
    assert further.layout.quality is None
    expected, wrong = inspect_quality(further.reference(), further.xy, seed=0, labels=further.labels)
    assert further.quality == expected
    np.testing.assert_array_equal(further.misplaced, wrong)


def test_the_table_has_a_row_a_frame_and_sample(sequence):
    table = sequence.to_pandas()
    assert list(table) == ["frame", "sample", "x", "y", "label", "predicted", "drift", "kept"]
    assert len(table) == 3 * len(sequence.ids)
    last = table[table["frame"] == "epoch 6"]
    np.testing.assert_array_equal(last["x"], sequence.xy[2, :, 0])
    np.testing.assert_array_equal(last["drift"], sequence.drift[1])
    assert table[table["frame"] == "epoch 4"]["drift"].isna().all()


def test_the_first_frame_is_the_embedding_of_its_own(digits_run, sequence):
    alone = digits_run.embed("dense_2", epoch=4, progress=False, **SETTINGS)
    assert alone.file == sequence.frames[0].file
    np.testing.assert_array_equal(alone.xy, sequence.frames[0].xy)


def test_frames_are_kept_by_what_they_started_from(digits_run, sequence):
    stamps = [frame.file.stat().st_mtime_ns for frame in sequence.frames]
    again = embed_epochs(digits_run, "dense_2", epochs=[4, 5, -1], **SETTINGS)
    assert [frame.file.stat().st_mtime_ns for frame in again.frames] == stamps
    np.testing.assert_array_equal(again.xy, sequence.xy)
    np.testing.assert_array_equal(again.kept, sequence.kept)
    other = embed_epochs(digits_run, "dense_2", epochs=[5, 6], **SETTINGS)
    assert other.frames[1].file != sequence.frames[2].file
    alone = digits_run.embed("dense_2", epoch=6, progress=False, **SETTINGS)
    assert alone.file not in [frame.file for frame in (*other.frames, *sequence.frames)]


def test_a_damaged_frame_is_said_and_made_again(digits_run, sequence):
    middle = sequence.frames[1].file
    middle.write_bytes(middle.read_bytes()[:200])
    with pytest.warns(CutawayWarning, match="is damaged and is made anew"):
        again = embed_epochs(digits_run, "dense_2", epochs=[4, 5, 6], **SETTINGS)
    np.testing.assert_array_equal(again.xy, sequence.xy)
    np.testing.assert_array_equal(again.kept, sequence.kept)


def test_an_interrupt_keeps_the_frames_that_are_done(digits_run):
    said = []

    def stop(now):
        said.append(now)
        if now.done == 1 and "t-SNE" in now.note:
            raise KeyboardInterrupt

    settings = {**SETTINGS, "seed": 7}
    with pytest.raises(KeyboardInterrupt, match="1 of 3 frames are done and kept"):
        embed_epochs(digits_run, "dense_2", epochs=[2, 3, 4], on_progress=stop, **settings)
    assert {(now.task, now.total, now.unit) for now in said} == {("embeddings", 3, "frames")}
    assert any(now.note.startswith("frame 2 of 3, epoch 3: neighbors") for now in said)
    assert " s left" in said[-1].note
    said.clear()
    embed_epochs(digits_run, "dense_2", epochs=[2, 3, 4], on_progress=said.append, **settings)
    assert not any("epoch 2:" in now.note for now in said)
    assert said[-1].done == 3


def test_layers_come_in_a_row_from_the_input_on(digits_run):
    row = embed_layers(digits_run, layers=["input", "dense_1", "output"], points=120, **SETTINGS)
    assert row.names == ("input", "dense_1", "output")
    assert row.xy.shape == (3, 120, 2)
    inputs = row.frames[0].reference()
    np.testing.assert_array_equal(inputs, digits_run.data.inputs(row.ids).reshape(120, -1))
    every = embed_layers(digits_run, 3, points=120, **SETTINGS)
    assert every.names == ("dense_1", "dense_2", "output")
    assert {frame.epoch for frame in every.frames} == {3}


@pytest.mark.parametrize(
    ("epochs", "error", "words"),
    [
        ([3], UsageError, "two epochs or more; got 3"),
        (3, UsageError, "two epochs or more; got 3"),
        ([], UsageError, "two epochs or more; got none"),
        ([2, 2], UsageError, "each named once"),
        ([6, -1], UsageError, "each named once"),
        ([5, 2], UsageError, r"go up.*epochs=\[2, 5\]"),
        ([1, 9], UnknownNameError, "got epoch 9"),
    ],
)
def test_epochs_that_make_no_sequence_are_said(digits_run, epochs, error, words):
    with pytest.raises(error, match=words):
        embed_epochs(digits_run, "dense_2", epochs=epochs, **SETTINGS)


def test_layers_that_make_no_sequence_are_said(digits_run):
    with pytest.raises(UnknownNameError, match='got "dense_9"'):
        embed_epochs(digits_run, "dense_9", **SETTINGS)
    with pytest.raises(UnknownNameError, match='got "dense_9"'):
        embed_layers(digits_run, layers=["dense_1", "dense_9"], **SETTINGS)
    with pytest.raises(UsageError, match="each layer of a sequence is named once"):
        embed_layers(digits_run, layers=["dense_1", "dense_1"], **SETTINGS)
    with pytest.raises(UsageError, match="two layers or more; got dense_1"):
        embed_layers(digits_run, layers="dense_1", **SETTINGS)


def test_too_few_samples_and_equal_activations_are_said_with_their_frame(digits_run, tmp_path):
    with pytest.raises(DataError, match="at least 4 samples; got 3 in the frame epoch 5"):
        embed_epochs(digits_run, "dense_2", epochs=[5, 6], points=3, **SETTINGS)
    x = np.random.default_rng(0).random((120, 4), np.float32)
    x[:40] *= -1
    model = ct.mlp((6,))
    run = ct.train(model, ct.Dataset.from_arrays(x, np.arange(120) % 2), epochs=2, runs=tmp_path, progress=False)
    weights = {name: np.zeros_like(array) for name, array in run.folder.snapshot(0).items()}
    from safetensors.numpy import save_file

    from cutaway.runs import snapshot_path

    save_file(weights, snapshot_path(run.path, 0))
    with pytest.raises(DataError, match="equal rows of activations in the frame epoch 0; next: take another layer or"):
        embed_epochs(run, "dense_1", split="all", perplexity=5.0)
