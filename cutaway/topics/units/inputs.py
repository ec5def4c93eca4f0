"""Which inputs of a table each unit follows: the correlations of its activation with them."""

from collections.abc import Sequence

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds

NAMED = 3
"""Maximum number of inputs to name for a unit."""

SHUFFLES = 19
"""Shuffles of the samples: a correlation counts that is larger than all of theirs: one in 20 layers whose units
follow no input then names any."""

LEAST = 20
"""With fewer samples, nothing is named."""

MOST = 2_000
"""Inputs at most: of more, such as pixels, none is named."""

WORK = 2**28
"""Samples times units times inputs at most, with fewer samples if there are more: about 2 s on 2 cores."""


def inputs_in_words(context: RunContext, layer: str, ids: SampleIds) -> list[str] | None:
    """For each unit the inputs that it follows, such as "Rises with age (0.71)."; "" if there is none.

    None where inputs have no names, or are too many. Activations are those of the kept epoch. An input is named if its
    correlation with the activation is larger than the largest one of all inputs and units of the layer once the samples
    are shuffled, in `SHUFFLES` shuffles.

    Args:
        context: The run.
        layer: Name of a hidden layer.
        ids: Samples; below `LEAST`, nothing is named.

    Source:
        Westfall, Young 1993, "Resampling-based multiple testing" (the largest statistic of permutations): no normal
        values are needed, which activations and one-hot inputs are not.
    """
    names, data = context.manifest.dataset.feature_names, context.data
    if names is None or data.image is not None or len(names) > MOST or len(ids) < LEAST:
        return None
    from cutaway.interpret import activations  # which loads Keras, as most second reports need not

    units = context.outline.units[layer]
    ids = ids[: max(LEAST, WORK // max(units * len(names), 1))]
    h = activations(context.model(), layer, x=data.rows(ids), scale=data.scale)
    return in_words(h.reshape(len(h), -1), data.inputs(ids), names)


def in_words(h: np.ndarray, x: np.ndarray, names: Sequence[str]) -> list[str]:
    """The inputs ``x`` of some names, ``(sample, input)``, that each unit of ``h``, ``(sample, unit)``, follows."""
    h, x = _standardized(h), _standardized(x)
    found, random = h.T @ x, np.random.default_rng(0)
    by_chance = max(float(np.abs(h.T @ x[random.permutation(len(x))]).max(initial=0.0)) for _ in range(SHUFFLES))
    strength = np.where(np.abs(found) > by_chance, np.abs(found), 0.0)
    order: list[list[int]] = np.argsort(-strength, axis=1, kind="stable")[:, :NAMED].tolist()
    return [
        _words([(names[i], float(found[unit, i])) for i in of_unit if strength[unit, i] > 0])
        for unit, of_unit in enumerate(order)
    ]


def _standardized(values: np.ndarray) -> np.ndarray:
    """Centered values divided by their length, float32; 0 for a constant column."""
    wide = values.astype(np.float64)
    centered = wide - wide.mean(axis=0)
    lengths = np.sqrt((centered**2).sum(axis=0))
    # rounding errors of a constant are no deviation
    varies = lengths > 1e-6 * np.abs(wide).max(axis=0, initial=0.0)
    return np.where(varies, centered / np.where(varies, lengths, 1.0), 0.0).astype(np.float32)


def _words(followed: list[tuple[str, float]]) -> str:
    rises = ", ".join(f"{name} ({r:.2f})" for name, r in followed if r > 0)
    falls = ", ".join(f"{name} ({r:.2f})" for name, r in followed if r < 0)
    both = "; ".join(filter(None, (rises and f"rises with {rises}", falls and f"falls with {falls}")))
    return f"{both[0].upper()}{both[1:]}." if both else ""
