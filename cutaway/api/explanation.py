"""From a run to one sample's way through its model."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import SampleIds
from cutaway.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret.attribution import Attribution

    from .run import Run


@dataclass(frozen=True, eq=False)
class Explanation:
    """One sample's way through the model of a run.

    Attributes:
        trace: Activations, logits and contributions.
        class_names: Names of the classes.
        epoch: Number of the epoch.
    """

    explain: "Attribution" = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    epoch: int

    @property
    def winner(self) -> str:
        """Name of the class with the highest logit."""
        return self.class_names[self.explain.winner]

    @property
    def runner_up(self) -> str:
        """Name of the class with the next highest."""
        return self.class_names[self.explain.runner_up]

    def to_pandas(self, layer: str | None = None) -> "pandas.DataFrame":
        """What argued for the winner (above 0, first) and for the runner-up (below 0, last), a pandas DataFrame.

        Args:
            layer: Name of a layer; None for the values of the input, in the order of the flattened sample.

        Returns:
            Columns unit and contribution, and activation for a layer.

        Raises:
            UnknownNameError: There are no contributions of that layer.
        """
        import pandas

        explain = self.explain
        if layer is not None and layer not in explain.contributions:
            known = ", ".join(explain.contributions) or "none"
            raise UnknownNameError(f"layers with contributions are {known}", got=f'"{layer}"', hint="name one of these")
        parts = explain.inputs.reshape(-1) if layer is None else explain.contributions[layer]
        columns = {"unit": np.arange(len(parts)), "contribution": parts}
        if layer is not None:
            columns["activation"] = explain.activations[layer]
        return pandas.DataFrame(columns).sort_values("contribution", ascending=False, kind="stable", ignore_index=True)


def explain(run: "Run", x: Any, *, epoch: int = -1) -> Explanation:
    """Follow one sample through the model of a run; what `Run.explain` calls.

    Args:
        run: The run.
        x: A sample's name, such as "test[7]", or its raw values in the shape and range that the data have.
        epoch: Number of the epoch.

    Raises:
        UnknownNameError: There is no such sample or epoch.
        DataError: The sample does not fit the data.
        ModelError: The model is none of ReLUs.
    """
    from cutaway.interpret.attribution import attribute

    row = run.data.x(_named(run, x))[0] if isinstance(x, str) else np.asarray(x)
    found = attribute(run.model(epoch=epoch), row, scale=run.data.scale)
    return Explanation(found, class_names=run.class_names, epoch=run.folder.resolve_epoch(epoch))


def _named(run: "Run", name: str) -> SampleIds:
    sizes = {source: len(held.y) for source, held in run.data.sources.items()}
    match = re.fullmatch(r"(.+)\[(\d{1,18})\]", name)
    if not match or int(match[2]) >= sizes.get(match[1], 0):
        known = " and ".join(f"{source}[0] to {source}[{size - 1}]" for source, size in sizes.items())
        raise UnknownNameError(f"samples are named {known}", got=f'"{name}"', hint="name one of these")
    sources = tuple(sizes)
    return SampleIds(sources, np.array([sources.index(match[1])], np.uint8), np.array([int(match[2])], np.int64))
