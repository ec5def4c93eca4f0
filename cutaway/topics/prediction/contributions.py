"""The inputs that contributed most to each answer."""

from collections.abc import Callable

import numpy as np

from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.errors import ModelError

from .result import Contributions


def contributions_of(context: RunContext, n: int, *, epoch: int | None) -> Callable[[np.ndarray], Contributions]:
    """Find the n inputs that contributed most to the answer, for any samples.

    Args:
        context: The run.
        n: From 1 to the number of inputs.
        epoch: After which epoch; the kept one if None.

    Returns:
        A function of raw samples ``(sample, *shape)``.

    Raises:
        UsageError: n is outside its range.
        ModelError: The model is not piecewise linear.
    """
    from cutaway.interpret import input_attribution

    record = context.manifest.dataset
    names = np.array(_input_names(record.feature_names, record.shape), object)
    check_whole(n, name="explain", least=1, most=len(names))
    try:
        attribute = input_attribution(context.model(epoch), scale=record.scale)
    except ModelError as error:
        raise ModelError(error.rule, got=error.got, hint="pass explain=0, or train a model with ReLUs") from None

    def find(x: np.ndarray) -> Contributions:
        values, pairs = attribute(x)
        order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :n]
        return Contributions(pairs[:, 1].astype(np.int64), names[order], np.take_along_axis(values, order, axis=1))

    return find


def _input_names(names: tuple[str, ...] | None, shape: tuple[int, ...]) -> list[str]:
    """Names of the values of a sample: as they are known, or their places in it, such as "[3, 5]"."""
    if names is not None:
        return list(names)
    return [f"[{', '.join(map(str, place))}]" for place in np.ndindex(*shape)]
