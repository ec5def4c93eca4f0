import matplotlib
import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.plots.activation import activation, logistic, relu, softplus


def test_the_derivative_of_softplus_is_the_logistic_function():
    x, step = np.linspace(-12, 12, 481), 1e-5
    slope = (softplus(x + step) - softplus(x - step)) / (2 * step)
    np.testing.assert_allclose(logistic(x), slope, atol=1e-9)


def test_softplus_lies_above_relu_by_at_most_ln_2():
    x = np.linspace(-30, 30, 601)
    above = softplus(x) - relu(x)
    assert (above > 0).all()
    assert above.max() == pytest.approx(np.log(2))
    assert x[above.argmax()] == pytest.approx(0)


def test_values_equal_their_formulas_even_far_from_0():
    x = np.linspace(-20, 20, 81)
    np.testing.assert_allclose(softplus(x), np.log1p(np.exp(x)), rtol=1e-12)
    np.testing.assert_allclose(logistic(x), 1 / (1 + np.exp(-x)), rtol=1e-12)
    np.testing.assert_array_equal(softplus([-1e4, 1e4]), [0, 1e4])
    np.testing.assert_array_equal(logistic([-1e4, 1e4]), [0, 1])
    np.testing.assert_array_equal(relu([-2.0, 0.0, 3.0]), [0, 0, 3])


def test_figures_show_all_three_curves(tmp_path):
    before = dict(matplotlib.rcParams)
    figure = activation(limit=4, title="a $title")
    figure.savefig(tmp_path / "activation.png")
    assert dict(matplotlib.rcParams) == before
    (axes,) = figure.axes
    for line, function in zip(axes.get_lines(), (relu, softplus, logistic), strict=True):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (-4, 4)
        assert 0 in x
        np.testing.assert_array_equal(y, function(x))
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [word.split(":")[0] for word in words] == ["ReLU", "softplus", "logistic"]


@pytest.mark.parametrize("limit", [0, -1, 101, float("nan"), "6", True])
def test_invalid_limits_are_refused(limit):
    with pytest.raises(UsageError):
        activation(limit=limit)
