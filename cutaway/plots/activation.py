"""Activation functions: ReLU, its smooth approximation softplus, and the derivative of softplus."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import UsageError

from .theme import BLUE, INK, LINE, MUTED, ORANGE, PURPLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Function = Callable[[ArrayLike], NDArray[np.float64]]

_POINTS = 601


def relu(x: ArrayLike) -> NDArray[np.float64]:
    """The rectifier max(0, x), float64 in the shape of `x`.

    Source:
        Glorot, Bordes, Bengio 2011, "Deep sparse rectifier neural networks", section 3.
    """
    return np.maximum(0.0, np.asarray(x, np.float64))


def softplus(x: ArrayLike) -> NDArray[np.float64]:
    """ln(1 + e^x), above ReLU everywhere, by at most ln 2 at 0; float64 in the shape of `x`; never overflows.

    Source:
        Dugas, Bengio, Belisle, Nadeau, Garcia 2001, "Incorporating second-order functional knowledge for better option
        pricing", which introduces it.
    """
    return np.logaddexp(0.0, np.asarray(x, np.float64))


def logistic(x: ArrayLike) -> NDArray[np.float64]:
    """1 / (1 + e^-x), the derivative of `softplus`, float64 in the shape of `x`; never overflows."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(x, np.float64)))


_CURVES: dict[str, tuple[str, Function, str]] = {
    "relu": ("ReLU: max(0, x)", relu, BLUE),
    "softplus": ("softplus: ln(1 + exp x)", softplus, ORANGE),
    "logistic": ("logistic: softplus' derivative", logistic, PURPLE),
}


def activation(*, limit: float = 6.0, title: str = "") -> "Figure":
    """Draw ReLU, softplus and the logistic function with matplotlib.

    Args:
        limit: The curves go from -limit to limit; above 0, at most 100.
        title: Set above the curves.

    Raises:
        UsageError: ``limit`` is outside its range.
    """
    from .notebook import NotebookFigure

    x = _points(limit)
    figure = NotebookFigure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, function, color in _CURVES.values():
        axes.plot(x, function(x), color=color, linewidth=2, label=name)
    if title:
        axes.set_title(title, loc="left", color=INK).set_parse_math(False)
    axes.set_xlabel("x", color=MUTED)
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", labelcolor=INK)
    return figure


def _points(limit: float) -> NDArray[np.float64]:
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit <= 100:
        raise UsageError("limit is a number above 0 and at most 100", got=repr(limit), hint="pass limit=6")
    return np.linspace(-limit, limit, _POINTS)  # an odd number: 0, where ReLU bends, is one of them
