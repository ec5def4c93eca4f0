"""The records of an explorer: all samples of a run in every layer and after every epoch, to be moved through."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import UsageError, escaped

from .bundle import Bundle
from .density import Density
from .sections import Section

BEHIND = re.compile(r".+ \(([^()]+\])\)", re.DOTALL)
"""A name with its place behind it, such as "cats/17.png (sample[3])"."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleColumn:
    """Something that is known of each sample: to color by, to search in and to show.

    Attributes:
        key: One lowercase word, its name in the search and in the address of the page.
        title: A few words.
        kind: "category", "number", "date" or "text".
        values: One array (sample,), or one for each epoch. Of categories integers from 0, -1 for a missing one; of
            numbers floats, NaN if there is none; of dates seconds since 1970 in UTC, likewise; of texts a tuple of
            texts.
        names: The categories.
        palette: "classes" for the colors of classes, "right" for right and wrong, "compared" for how two
            runs predict a sample, "signed" for numbers below and above 0.
        range: What the ends of the colors of a number in the unit of a target mean; beyond them the color stays the
            same. None for a number whose smallest and largest values are the ends.
        own: Whether it is a column of the user's own data, which people know by its title.
    """

    key: str
    title: str
    kind: Literal["category", "number", "date", "text"]
    values: tuple[Any, ...]
    names: tuple[str, ...] = ()
    palette: Literal["classes", "right", "compared", "signed", ""] = ""
    own: bool = False
    range: tuple[float, float] | None = None

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the values go into the bundle."""
        return {
            "key": self.key,
            "title": escaped(self.title),
            "kind": self.kind,
            "values": [self._add(values, bundle) for values in self.values],
            "names": [escaped(name) for name in self.names],
            "palette": self.palette,
            "own": self.own,
            **({} if self.range is None else {"range": list(self.range)}),
        }

    def _add(self, values: Any, bundle: Bundle) -> int:
        if self.kind == "text":
            return bundle.add_texts([escaped(text) for text in values])
        if self.kind == "number":
            return bundle.add(_short(np.asarray(values)))
        if self.kind == "date":
            return bundle.add(np.asarray(values, np.float64))
        return bundle.add(np.asarray(values, np.int16 if len(self.names) < 2**15 else np.int32))


@dataclass(frozen=True, kw_only=True, eq=False)
class UnitColumns:
    """The units of a layer.

    Attributes:
        cost: float (unit,): how much the loss rises without it, in nats.
        error: float (unit,): the standard error of the cost, in nats; NaN if it is not known.
        measurable: bool (unit,): whether the cost is more than two standard errors away from 0.
        accuracy: float (unit,): how much of the accuracy, 0 to 1, is lost without it.
        affected: Integers (unit,): the class that loses most accuracy.
        affected_accuracy: float (unit,): how much of its accuracy that class loses.
        firing: float (unit,): the share of samples that raise it above 0.
        selectivity: float (unit,): 0 to 1, NaN if it is not defined.
        preferred: Integers (unit,): the class with the highest mean activation.
        similar: Integers (unit,): the unit of the layer with the highest correlation; -1 for none.
        similarity: float (unit,): that correlation; NaN for none.
        top: Integers (unit, k): places of the samples that activate it most, strongest first; -1 for none.
        images: float (unit, height, width): incoming weights; None if they are not images.
        inputs: For each unit the inputs that it follows, in words; None where inputs have no names.
        note: Where all this was measured, as a sentence.
    """

    cost: NDArray[np.floating[Any]]
    error: NDArray[np.floating[Any]]
    measurable: NDArray[np.bool_]
    accuracy: NDArray[np.floating[Any]]
    affected: NDArray[np.integer[Any]]
    affected_accuracy: NDArray[np.floating[Any]]
    firing: NDArray[np.floating[Any]]
    selectivity: NDArray[np.floating[Any]]
    preferred: NDArray[np.integer[Any]]
    similar: NDArray[np.integer[Any]]
    similarity: NDArray[np.floating[Any]]
    top: NDArray[np.integer[Any]]
    images: NDArray[np.floating[Any]] | None = None
    inputs: Sequence[str] | None = None
    note: str = ""

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the arrays go into the bundle."""
        images = None
        if self.images is not None:
            most = np.abs(self.images).max(axis=(1, 2), keepdims=True)
            rounded = np.rint(127 * self.images / np.where(most > 0, most, 1)).astype(np.int8)
            images = {"array": bundle.add(rounded), "height": rounded.shape[1], "width": rounded.shape[2]}
        floats = ("cost", "error", "accuracy", "affected_accuracy", "firing", "selectivity", "similarity")
        numbers = {name: getattr(self, name).astype(np.float32) for name in floats}
        integers = ("measurable", "affected", "preferred", "similar", "top")
        whole = {name: getattr(self, name).astype(np.int32) for name in integers}
        arrays = {name: bundle.add(array) for name, array in (numbers | whole).items()}
        return {
            "arrays": arrays,
            "examples": self.top.shape[1],
            "images": images,
            "inputs": None if self.inputs is None else bundle.add_texts([escaped(text) for text in self.inputs]),
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerMap:
    """A layer with the places of all samples.

    Attributes:
        name: As the run calls it.
        title: A few words.
        detail: One line: what it is and how large.
        layouts: uint16 (sample, 2), y up: one, or one for each epoch.
        measures: A name, and a number from 0 to 1 for each epoch; None if there is none.
        units: What its units are for; None if it is not known.
    """

    name: str
    title: str
    detail: str
    layouts: tuple[NDArray[np.uint16], ...]
    measures: tuple[tuple[str, tuple[float | None, ...]], ...] = ()
    units: UnitColumns | None = None

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the layouts go into the bundle."""
        return {
            "name": self.name,
            "title": escaped(self.title),
            "detail": escaped(self.detail),
            "layouts": [bundle.add(layout) for layout in self.layouts],
            "measures": [{"title": title, "values": list(values)} for title, values in self.measures],
            "units": None if self.units is None else self.units.document(bundle),
        }


@dataclass(frozen=True, eq=False)
class NetworkData:
    """A model that the page can run, and how its samples are made.

    Attributes:
        spec: Operations in order, as in `cutaway.models.exporting.Operations`, with ``scale``, the value of a raw
            sample that becomes 1, ``hidden``, the name of the last hidden layer, and the ``factor`` of each array of
            weights.
        weights: Kernels as float16, or float32 where rounding would change the probabilities, and all other weights as
            float32, in the order of ``spec["weights"]``. Times its factor, an array is the weight.
        preparation: Of a table: ``steps``, as run.json keeps them, and ``controls``, what a slider or a list for each
            column needs. None for other data.
        drawing: Of images: ``shape``, ``scale`` (the value of a white pixel), ``centering`` (the rule that scales
            and centers ink, or None) and ``paper`` (the gray level of the background, 0 to 255). None for other
            data.
    """

    spec: dict[str, Any]
    weights: tuple[NDArray[Any], ...]
    preparation: dict[str, Any] | None
    drawing: dict[str, Any] | None

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the weights go into the bundle."""
        weights = [bundle.add(each.view(np.uint16) if each.dtype == np.float16 else each) for each in self.weights]
        return {
            "spec": self.spec,
            "weights": weights,
            "preparation": None if self.preparation is None else _with_words(self.preparation),
            "drawing": self.drawing,
        }


def _with_words(preparation: dict[str, Any]) -> dict[str, Any]:
    """A preparation whose controls also hold what people read: names of columns and categories, escaped."""
    controls = [
        {**control, "title": escaped(control["column"]), "texts": [escaped(each) for each in control.get("values", ())]}
        for control in preparation["controls"]
    ]
    return {**preparation, "controls": controls}


@dataclass(frozen=True, kw_only=True, eq=False)
class References:
    """Training samples among which the page looks for those that are nearest to what a person draws or enters.

    Attributes:
        names: Name of each sample, such as "train[7]".
        labels: Integers (sample,), or the first of some numbers to predict, float (sample,).
        inputs: Raw samples, uint8 or float32 (sample, value).
        images: uint8 (sample, height, width[, 3]); None if samples are not images, or the inputs are the same.
    """

    names: tuple[str, ...]
    labels: NDArray[Any]
    inputs: NDArray[Any]
    images: NDArray[np.uint8] | None = None

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """What the page gets, as plain data; the samples go into the bundle."""
        return {
            "names": bundle.add_texts([escaped(name) for name in self.names]),
            "labels": bundle.add(
                self.labels.astype(np.int32) if self.labels.dtype.kind != "f" else _short(self.labels)
            ),
            "inputs": bundle.add(self.inputs),
            "images": None if self.images is None else bundle.add(self.images),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Explorer(Section):
    """All samples of a run: a map of each layer, one time slider, one selection.

    Attributes:
        names: Name of each sample, such as "test[7]".
        epochs: Numbers of the epochs that can be shown, ascending.
        kept: Place of the kept epoch among them.
        columns: What is known of each sample; the first one colors the map at first. A card shows the columns "label",
            "predicted" and "confidence", or "target", "predicted" and "error" of numbers.
        layers: From the inputs to the classes, at least one.
        layer: Place of the layer that is shown first.
        details: Keys of columns that a card shows as well.
        images: uint8 (sample, height, width), or (sample, height, width, 3); None where samples are not images.
        neighbors: The nearest samples of each, integers (sample, k); None if they are not known.
        neighbors_in: Title of the layer where they are nearest.
        network: The model, so that the page can compute its layers; None if it cannot.
        without: Why there is no network, as a sentence; may be empty.
        inputs: Raw samples, uint8 or float32 (sample, value), that the network gets; None if they are the images.
        references: Training samples for what a person draws or enters; None for none.
        density: How many samples lie where on one of the maps, if there are many more than have a point; else None.
        begins: What is shown first, as the address of a page says it; "" for the defaults.
        python: What opens the run in Python, and what shows its samples there; None if that is not known.
        colors: "classes", "sequential", and "compared" and "diverging" where a column is colored so: several; "right",
            "wrong", "missing": one. A color is hex; of categories it may be one for a light and one for a dark page,
            "light-dark(#4f5bd0, #8f9aff)".

    Raises:
        UsageError: There is no layer, no column, or an array does not have an entry for each sample.
    """

    template: ClassVar[str] = "explorer.html"

    names: tuple[str, ...]
    epochs: tuple[int, ...]
    kept: int
    columns: tuple[SampleColumn, ...]
    layers: tuple[LayerMap, ...]
    layer: int = 0
    details: tuple[str, ...] = ()
    images: NDArray[np.uint8] | None = None
    neighbors: NDArray[np.integer[Any]] | None = None
    neighbors_in: str = ""
    network: NetworkData | None = None
    without: str = ""
    inputs: NDArray[Any] | None = None
    references: References | None = None
    density: Density | None = None
    begins: str = ""
    python: tuple[str, str] | None = None
    colors: dict[str, Any]

    def __post_init__(self) -> None:
        sizes = [len(values) for column in self.columns for values in column.values]
        sizes += [len(layout) for layer in self.layers for layout in layer.layouts]
        sizes += [len(array) for array in (self.images, self.neighbors, self.inputs) if array is not None]
        if not self.layers or not self.columns or set(sizes) != {self.count}:
            raise UsageError(
                f"cannot show {self.count} samples with {len(self.layers)} layers, {len(self.columns)} columns and "
                f"arrays of the lengths {', '.join(map(str, sorted(set(sizes)))) or 'none'}",
                hint="pass at least one layer and one column, and arrays with an entry for each sample",
            )

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.names)

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each name, and of each place that stands in brackets behind a name."""
        names = {name: place for place, name in enumerate(self.names)}
        return {found[1]: place for name, place in names.items() if (found := BEHIND.fullmatch(name))} | names

    def document(self, bundle: Bundle) -> dict[str, Any]:
        """The page's data, as plain objects; arrays go into the bundle, in display order."""
        layers = [layer.document(bundle) for layer in self.layers]
        names = bundle.add_texts([escaped(name) for name in self.names])
        columns = [column.document(bundle) for column in self.columns]
        network = None if self.network is None else self.network.document(bundle)
        inputs = None if self.inputs is None else bundle.add(self.inputs)
        images = neighbors = None
        if self.neighbors is not None:
            k = self.neighbors.shape[1]
            neighbors = {"array": bundle.add(self.neighbors.astype(np.int32)), "k": k, "layer": self.neighbors_in}
        if self.images is not None:
            _, height, width, *channels = self.images.shape
            size = {"width": width, "height": height, "channels": channels[0] if channels else 1}
            images = {"array": bundle.add(self.images), **size}
        plain = ("name", "count", "epochs", "kept", "layer", "details", "begins", "colors")
        return {
            **{name: getattr(self, name) for name in plain},
            "names": names,
            "columns": columns,
            "layers": layers,
            "images": images,
            "neighbors": neighbors,
            "network": network,
            "without": escaped(self.without),
            "inputs": inputs,
            "density": None if self.density is None else self.density.document(bundle),
            "references": None if self.references is None else self.references.document(bundle),
            "python": self.python and dict(zip(("run", "explore"), self.python, strict=True)),
        }


def _short(numbers: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Numbers as float32, or as float64 where float32 would change whole numbers, such as customer numbers."""
    exact = numbers.astype(np.float64)
    with np.errstate(over="ignore"):
        short = exact.astype(np.float32)
    return exact if ((exact == np.rint(exact)) & (short != exact)).any() else short


def scale_layout(layout: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Scale a layout to 0..65535, the same in both directions, and center it.

    Args:
        layout: float (sample, 2), finite.

    Returns:
        uint16 (sample, 2).
    """
    low, high = layout.min(axis=0), layout.max(axis=0)
    unit = 65535 / max(float((high - low).max()), 1e-12)
    return np.clip(np.rint((layout - (low + high) / 2) * unit + 32767.5), 0, 65535).astype(np.uint16)
