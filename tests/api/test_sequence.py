import numpy as np
import pytest
from safetensors.numpy import save_file

import cutaway as ct
from cutaway.embedding import inspect_quality
from cutaway.errors import Canceled, DataError, UnknownNameError, UsageError
from cutaway.runs import snapshot_path
from cutaway.topics.embedding.sequence import EmbeddingSequence, embed_epochs, embed_layers

SETTINGS = {"split": "test", "perplexity": 20.0}


@pytest.fixture(scope="module")
def sequence(digits_run):
    return embed_epochs(digits_run.context, "dense_2", epochs=[4, 5, 6], **SETTINGS)


def test_a_layer_through_the_epochs(digits_run, sequence):
    n = len(digits_run.split.test)
    assert isinstance(sequence, EmbeddingSequence)
    assert sequence.names == ("epoch 4", "epoch 5", "epoch 6")
    assert [embedding.epoch for embedding in sequence.embeddings] == [4, 5, 6]
    assert (sequence.xy.shape, sequence.xy.dtype) == ((3, n, 2), np.float32)
    assert (sequence.drift.shape, sequence.drift.dtype) == ((2, n), np.float32)
    assert sequence.ids.names() == digits_run.split.test.names()
    held = sequence.preserved[0] >= 0.8
    assert held.mean() > 0.9
    assert sequence.drift[0][held].mean() < 0.1
    labels = digits_run.predictions(epoch=5).argmax(axis=1)
    np.testing.assert_array_equal(sequence.embeddings[1].predicted, labels)


def test_cached_embeddings_do_not_run_the_model(sequence, digits_run, monkeypatch):
    def asked(*_, **__):
        raise AssertionError("the model was run")

    monkeypatch.setattr("cutaway.models.forward", asked)
    again = embed_epochs(digits_run.context, "dense_2", epochs=[4, 5, 6], **SETTINGS)
    for one, other in zip(again.embeddings, sequence.embeddings, strict=True):
        np.testing.assert_array_equal(one.predicted, other.predicted)


def test_quality_is_measured_when_it_is_first_asked_for(sequence):
    first, further = sequence.embeddings[:2]
    assert first.layout.quality == first.quality
    assert further.layout.quality is None
    expected, misplaced = inspect_quality(further.activations(), further.xy, seed=0, labels=further.labels)
    assert further.quality == expected
    np.testing.assert_array_equal(further.misplaced, misplaced)


def test_the_table_has_a_row_for_each_embedding_and_sample(sequence):
    table = sequence.to_pandas()
    assert list(table) == ["embedding", "sample", "x", "y", "label", "predicted", "drift", "preserved"]
    assert len(table) == 3 * len(sequence.ids)
    last = table[table["embedding"] == "epoch 6"]
    np.testing.assert_array_equal(last["x"], sequence.xy[2, :, 0])
    np.testing.assert_array_equal(last["drift"], sequence.drift[1])
    assert table[table["embedding"] == "epoch 4"]["drift"].isna().all()


def test_the_first_one_is_the_embedding_alone(digits_run, sequence):
    alone = digits_run.embed("dense_2", epoch=4, progress=False, **SETTINGS)
    assert alone.file == sequence.embeddings[0].file
    np.testing.assert_array_equal(alone.xy, sequence.embeddings[0].xy)


def test_embeddings_are_cached_by_what_they_started_from(digits_run, sequence):
    files = [embedding.file.stat().st_ino for embedding in sequence.embeddings]
    again = embed_epochs(digits_run.context, "dense_2", epochs=[4, 5, -1], **SETTINGS)
    assert [embedding.file.stat().st_ino for embedding in again.embeddings] == files
    np.testing.assert_array_equal(again.xy, sequence.xy)
    np.testing.assert_array_equal(again.preserved, sequence.preserved)
    other = embed_epochs(digits_run.context, "dense_2", epochs=[5, 6], **SETTINGS)
    assert other.embeddings[1].file != sequence.embeddings[2].file
    alone = digits_run.embed("dense_2", epoch=6, progress=False, **SETTINGS)
    assert alone.file not in [embedding.file for embedding in (*other.embeddings, *sequence.embeddings)]


def test_a_damaged_cache_file_is_recomputed(digits_run, sequence):
    middle = sequence.embeddings[1].file
    middle.write_bytes(middle.read_bytes()[:200])
    again = embed_epochs(digits_run.context, "dense_2", epochs=[4, 5, 6], **SETTINGS)
    np.testing.assert_array_equal(again.xy, sequence.xy)
    np.testing.assert_array_equal(again.preserved, sequence.preserved)


def test_canceling_the_first_embedding_does_not_claim_that_any_is_cached(digits_run):
    def stop(now):
        raise Canceled("work goes on", got="a request", hint="again")

    with pytest.raises(Canceled) as ended:
        embed_epochs(digits_run.context, "dense_2", epochs=[2, 3, 4], on_progress=stop, **SETTINGS | {"seed": 8})
    assert "cached" not in str(ended.value)


def test_canceling_keeps_the_embeddings_that_are_done(digits_run):
    said = []

    def stop(now):
        said.append(now)
        if now.done == 1 and "t-SNE" in now.note:
            raise Canceled("work goes on", got="a request", hint="again")

    settings = {**SETTINGS, "seed": 7}
    with pytest.raises(Canceled, match="cached"):
        embed_epochs(digits_run.context, "dense_2", epochs=[2, 3, 4], on_progress=stop, **settings)
    assert {(now.task, now.total, now.unit) for now in said} == {("embeddings", 3, "embeddings")}
    assert any(now.note.startswith("embedding 2 of 3, epoch 3: neighbors") for now in said)
    assert said[-1].seconds_left > 0
    said.clear()
    embed_epochs(digits_run.context, "dense_2", epochs=[2, 3, 4], on_progress=said.append, **settings)
    assert not any("epoch 2:" in now.note for now in said)
    assert said[-1].done == 3


def test_layers_from_the_input_on(digits_run):
    row = embed_layers(digits_run.context, layers=["input", "dense_1", "output"], samples=120, **SETTINGS)
    assert row.names == ("input", "dense_1", "output")
    assert row.xy.shape == (3, 120, 2)
    inputs = row.embeddings[0].activations()
    np.testing.assert_array_equal(inputs, digits_run.data.inputs(row.ids).reshape(120, -1))
    every = embed_layers(digits_run.context, 3, samples=120, **SETTINGS)
    assert every.names == ("dense_1", "dense_2", "output")
    assert {embedding.epoch for embedding in every.embeddings} == {3}


@pytest.mark.parametrize("epochs", [[3], 3, [], [2, 2], [6, -1], [5, 2], [1, 9]])
def test_epochs_that_make_no_sequence_are_refused(digits_run, epochs):
    with pytest.raises(UnknownNameError if 9 in np.atleast_1d(epochs) else UsageError):
        embed_epochs(digits_run.context, "dense_2", epochs=epochs, **SETTINGS)


@pytest.mark.parametrize(
    ("of_epochs", "settings", "named"),
    [
        (True, {"method": "pca"}, "method="),
        (True, {"callback": print}, "callback="),
        (True, {"epoch": 3}, "epoch=3"),
        (True, {"layers": ["dense_1"]}, "layers="),
        (True, {"perplexty": 3}, '"perplexty".*perplexity'),
        (False, {"method": "umap"}, "method="),
        (False, {"callback": print}, "callback="),
        (False, {"epochs": [1, 2]}, r"epochs=\[1, 2\]"),
        (False, {"layer": "dense_1"}, "layer="),
    ],
)
def test_arguments_that_sequences_do_not_have_are_refused(digits_run, of_epochs, settings, named):
    asked = {"layer": "dense_2", "epochs": [5, 6]} if of_epochs else {}
    with pytest.raises(UsageError, match=named):
        (digits_run.embed_epochs if of_epochs else digits_run.embed_layers)(**asked, progress=False, **settings)


def test_layers_that_make_no_sequence_are_refused(digits_run):
    with pytest.raises(UnknownNameError):
        embed_epochs(digits_run.context, "dense_9", **SETTINGS)
    with pytest.raises(UnknownNameError):
        embed_layers(digits_run.context, layers=["dense_1", "dense_9"], **SETTINGS)
    with pytest.raises(UsageError):
        embed_layers(digits_run.context, layers=["dense_1", "dense_1"], **SETTINGS)
    with pytest.raises(UsageError):
        embed_layers(digits_run.context, layers="dense_1", **SETTINGS)


def test_too_few_samples_and_equal_activations_are_refused(digits_run, copied_run):
    with pytest.raises(DataError):
        embed_epochs(digits_run.context, "dense_2", epochs=[5, 6], samples=3, **SETTINGS)
    path = copied_run("digits").path
    for epoch in (0, 1):
        weights = ct.open_run(path).folder.snapshot(epoch)
        save_file({name: np.zeros_like(array) for name, array in weights.items()}, snapshot_path(path, epoch))
    with pytest.raises(DataError, match="epoch 0"):
        embed_epochs(ct.open_run(path).context, "dense_1", epochs=[0, 1], **SETTINGS)
