import numpy as np
import pytest

from cutaway.api.explanation import explain
from cutaway.errors import ModelError, UnknownNameError


def test_a_trace_of_a_sample_by_name_and_by_values(digits_run):
    named = explain(digits_run, digits_run.split.test[5])
    row = digits_run.data.x(digits_run.split.test)[5]
    found = explain(digits_run, row)
    np.testing.assert_array_equal(named.explain.logits, found.explain.logits)
    assert named.winner == digits_run.class_names[digits_run.predictions()[5].argmax()]
    assert named.runner_up != named.winner
    frame = named.to_pandas("dense_2")
    assert frame["contribution"].is_monotonic_decreasing
    total = frame["contribution"].sum() + named.explain.offsets["dense_2"]
    assert total == pytest.approx(named.explain.difference, abs=1e-4)
    assert len(named.to_pandas()) == 64
    with pytest.raises(UnknownNameError, match='layers with contributions are dense_1, .*got "dense_9"'):
        named.to_pandas("dense_9")


@pytest.mark.parametrize(
    "name", ["test", "nowhere[3]", "train[x]", "train[-1]", "train[1797]", "train[" + "9" * 30 + "]"]
)
def test_samples_of_no_such_name(digits_run, name):
    with pytest.raises(UnknownNameError, match=r"samples are named train\[0\] to train\[1796\]"):
        explain(digits_run, name)


def test_a_trace_of_another_net_is_refused(tmp_path):
    import cutaway as ct

    run = ct.train(ct.mlp((4,), activation="tanh"), "digits", epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(ModelError, match='layer "dense_1" .Dense, tanh.'):
        explain(run, np.zeros((8, 8), np.float32))
