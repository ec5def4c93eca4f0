"""Which inputs of a table each unit follows: the correlations of its activation with them."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds

NAMED = 3
"""Inputs of a unit that are named at most."""

LEVEL = 0.05
"""Of the chance that an input is named although no unit of the layer follows any."""

MOST = 2_000
"""Inputs at most: of more, such as pixels, none is named."""


def inputs_in_words(context: RunContext, layer: str, ids: SampleIds, *, epoch: int | None = None) -> list[str] | None:
    """For each unit the inputs that it follows, such as "Rises with age (0.71)."; "" where there is none.

    None where inputs have no names, or are too many. An input is named if its correlation with the activation is larger
    than chance explains in one of all inputs and units of the layer (Fisher's z, Bonferroni).

    Args:
        context: The run.
        layer: Name of a hidden layer.
        ids: Samples, at least 10.
        epoch: Number of the epoch; the kept one if None.

    Source:
        Fisher 1921, "On the 'probable error' of a coefficient of correlation deduced from a small sample".
    """
    from cutaway.interpret import activations

    names, data = context.manifest.dataset.feature_names, context.data
    if names is None or data.is_image or len(names) > MOST or len(ids) < 10:
        return None
    h = activations(context.model(epoch), layer, x=data.rows(ids), scale=data.scale)
    return in_words(h.reshape(len(h), -1), data.inputs(ids), names)


def in_words(h: np.ndarray, x: np.ndarray, names: Sequence[str]) -> list[str]:
    """The inputs ``x`` of some names, ``(sample, input)``, that each unit of ``h``, ``(sample, unit)``, follows."""
    found = _correlations(h, x)
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / max(found.size, 1))
    clear = np.abs(found) > np.tanh(z / np.sqrt(len(h) - 3))
    strength = np.where(clear, np.abs(found), 0.0)
    first = np.argsort(-strength, axis=1, kind="stable")[:, :NAMED]
    order: list[list[int]] = first.tolist()
    return [
        _words([(names[i], float(found[unit, i])) for i in of_unit if clear[unit, i]])
        for unit, of_unit in enumerate(order)
    ]


def _correlations(h: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Correlations float64 ``(unit, input)``; 0 where either is constant."""
    h, x = (each.astype(np.float64) - each.mean(axis=0, dtype=np.float64) for each in (h, x))
    products = h.T @ x
    sizes = np.sqrt(np.outer((h**2).sum(axis=0), (x**2).sum(axis=0)))
    # what rounding leaves of a constant is no correlation
    return np.where(sizes > 1e-9 * len(h), products / np.maximum(sizes, 1e-300), 0.0)


def _words(followed: list[tuple[str, float]]) -> str:
    rises = ", ".join(f"{name} ({r:.2f})" for name, r in followed if r > 0)
    falls = ", ".join(f"{name} ({r:.2f})" for name, r in followed if r < 0)
    both = "; ".join(filter(None, (rises and f"rises with {rises}", falls and f"falls with {falls}")))
    return f"{both[0].upper()}{both[1:]}." if both else ""
