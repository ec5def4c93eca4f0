import numpy as np
import pytest

from cutaway.errors import ModelError, UnknownNameError


def test_a_sample_is_explained_by_name_and_by_values(digits_run):
    named = digits_run.explain(digits_run.split.test[5])
    row = digits_run.data.x(digits_run.split.test)[5]
    found = digits_run.explain(row)
    np.testing.assert_array_equal(named.attribution.logits, found.attribution.logits)
    assert named.winner == digits_run.class_names[digits_run.predictions()[5].argmax()]
    assert named.runner_up != named.winner
    table = named.to_pandas("dense_2")
    assert table["contribution"].is_monotonic_decreasing
    total = table["contribution"].sum() + named.attribution.offsets["dense_2"]
    assert total == pytest.approx(named.attribution.difference, abs=1e-4)
    assert len(named.to_pandas()) == 64
    assert list(named.to_pandas().columns) == ["input", "contribution"]
    with pytest.raises(UnknownNameError, match='layers with contributions are dense_1, .*got "dense_9"'):
        named.to_pandas("dense_9")


@pytest.mark.parametrize(
    "name", ["test", "nowhere[3]", "train[x]", "train[-1]", "train[1797]", "train[" + "9" * 30 + "]"]
)
def test_samples_of_no_such_name(digits_run, name):
    with pytest.raises(UnknownNameError, match=r"samples are named train\[0\] to train\[1796\]"):
        digits_run.explain(name)


def test_a_model_that_is_not_piecewise_linear_is_refused(tmp_path):
    import cutaway as ct

    run = ct.train(ct.mlp((4,), activation="tanh"), "digits", epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(ModelError, match='layer "dense_1" .Dense, tanh.'):
        run.explain(np.zeros((8, 8), np.float32))
