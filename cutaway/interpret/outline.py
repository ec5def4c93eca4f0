"""The layers of a model, from its specification: which compute something, which is shown first, how large they are.

Nothing here loads Keras: cached results can be shown immediately.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutaway.errors import ModelError
from cutaway.models import DENSE_KINDS, MERGING_KINDS, output_shape

COMPUTING_KINDS = (
    *DENSE_KINDS,
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    *("BatchNormalization", "LayerNormalization", "GlobalAveragePooling1D", *MERGING_KINDS),
)
"""Kinds of layers that compute something; dropout, reshaping and the like only pass their input on."""

IDENTITY_KINDS = ("Dropout", "GaussianDropout", "GaussianNoise")
"""Kinds of layers whose output in evaluation is their input."""

PREPARING_KINDS = ("Flatten", "Reshape", "Rescaling", "Normalization")
"""Kinds of layers that keep the values of an image in their order."""


@dataclass(frozen=True)
class Outline:
    """The layers of a model.

    Attributes:
        kinds: Name of each layer, in the order of the model -> Keras' class name of it.
        inputs: Name of each layer -> names of its inputs: layers, or `entry`.
        units: Name of each layer -> entries of its output for one sample.
        entry: Name of the model's input.
        output: Name of the layer whose output is the model's.
    """

    kinds: Mapping[str, str]
    inputs: Mapping[str, tuple[str, ...]]
    units: Mapping[str, int]
    entry: str
    output: str

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Outline":
        """Read a specification, as `cutaway.models.spec_of` writes it.

        Raises:
            ModelError: Its layers do not fit together.
        """
        entry = spec["input"]["name"]
        shapes: dict[str, tuple[int, ...]] = {entry: tuple(spec["input"]["shape"])}
        try:
            for item in spec["layers"]:
                before = [shapes[name] for name in item["inputs"]]
                shapes[item["name"]] = output_shape(item["kind"], item["config"], inputs=before)
            if spec["output"] not in shapes or spec["output"] == entry:
                raise ValueError(f"an output {spec['output']!r}")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
            raise ModelError(
                f"the layers of the model do not fit together: {error or type(error).__name__}",
                hint="restore the run.json that training wrote",
            ) from None
        return cls(
            kinds={item["name"]: item["kind"] for item in spec["layers"]},
            inputs={item["name"]: tuple(item["inputs"]) for item in spec["layers"]},
            units={item["name"]: math.prod(shapes[item["name"]]) for item in spec["layers"]},
            entry=entry,
            output=spec["output"],
        )

    @property
    def sizes(self) -> dict[str, tuple[str, int]]:
        """Kind and number of units of each layer by its name."""
        return {name: (kind, self.units[name]) for name, kind in self.kinds.items()}

    @property
    def dense(self) -> list[str]:
        """Names of the layers with units of their own, see `cutaway.models.DENSE_KINDS`."""
        return [name for name, kind in self.kinds.items() if kind in DENSE_KINDS]

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of the layers that compute something, see `COMPUTING_KINDS`."""
        return tuple(name for name, kind in self.kinds.items() if kind in COMPUTING_KINDS)

    @property
    def default(self) -> str:
        """The layer that is shown first: the last hidden one, whose values the output layer reads.

        The output layer is the last Dense one; an activation, or the mean of an ensemble, after it belongs to it.
        Dropout, noise, Flatten and Reshape before it are skipped: after Dense, BatchNormalization, ReLU and
        Dropout it is the ReLU. If no hidden layer computes anything, it is the output itself.
        """
        name = self.output
        while not self._is_dense(name) and len(self.inputs[name]) == 1 and self.inputs[name][0] != self.entry:
            name = self.inputs[name][0]
        if not self._is_dense(name):  # no Dense layer at the end: everything before the last layer is hidden
            name = self.output
        name = self.inputs[name][0]
        while name != self.entry and self.kinds[name] in (*IDENTITY_KINDS, "Flatten", "Reshape"):
            name = self.inputs[name][0]
        prepares = name == self.entry or self.kinds[name] in ("Rescaling", "Normalization")
        return list(self.kinds)[-1] if prepares else name

    def reads_input(self, layer: str) -> bool:
        """Whether a layer is a Dense one that gets the values of a sample in their order."""
        name = layer
        while name != self.entry:
            passes = self.kinds[name] in (*IDENTITY_KINDS, *PREPARING_KINDS)
            if len(self.inputs[name]) != 1 or (name != layer and not passes):
                return False
            name = self.inputs[name][0]
        return self.kinds[layer] == "Dense"

    def _is_dense(self, name: str) -> bool:
        return self.kinds[name] in DENSE_KINDS
