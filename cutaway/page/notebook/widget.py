"""The widget: the state that a notebook keeps of an explorer, in step with Python."""

import base64
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from cutaway.checks import check_choice, is_whole
from cutaway.errors import UnknownNameError
from cutaway.page.bundle import Bundle
from cutaway.page.explorer import Explorer
from cutaway.page.linking import link_module
from cutaway.page.resources import read_module
from cutaway.words import shown

from .samples import find_positions, named_columns, sample_table
from .still import still_html, still_png
from .style import widget_style

if TYPE_CHECKING:
    import pandas


def _synced(to_json: Any, from_json: Any) -> Any:
    """A trait that a browser knows in another form. Every value, also None, reaches its check: errors are ours."""
    convert = {"to_json": lambda value, widget: to_json(widget, value)}
    convert["from_json"] = lambda value, widget: from_json(widget, value)
    return traitlets.TraitType().tag(sync=True, **convert)


class ExplorerWidget(anywidget.AnyWidget):
    """All samples in every layer and after every epoch, in a notebook; made by ``run.explore()``.

    Traits change when somebody acts in the browser, and setting one changes the page; ``observe`` reports
    changes:

    Attributes:
        layer: Name of the layer that the large map shows.
        epoch: Number of the epoch. None sets the kept one; negative numbers count from the last that is shown.
        color: The column that colors the samples, as `selection` names it.
        pinned: Name of the sample whose card and path through the model are shown; None for none.
        selected: Positions of the selected samples, a tuple of ints. It can be set like `selection`.
        height: Height of the large map in CSS pixels.
    """

    _esm = link_module("notebook/widget.js", read_module)
    _key = traitlets.Unicode().tag(sync=True)
    _style = traitlets.Unicode().tag(sync=True)
    _record = traitlets.Dict().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    layer = _synced(lambda self, name: self._layers.index(name), lambda self, place: self._layers[place])
    epoch = _synced(
        lambda self, number: self.record.epochs.index(number), lambda self, place: self.record.epochs[place]
    )
    color = _synced(
        lambda self, name: named_columns(self.record)[name].key,
        lambda self, key: next(n for n, column in named_columns(self.record).items() if column.key == key),
    )
    pinned = _synced(
        lambda self, name: -1 if name is None else self.record.places[name],
        lambda self, place: None if place < 0 else self.record.names[place],
    )
    selected = _synced(
        lambda self, positions: np.array(positions, "<u4").tobytes(),
        lambda self, data: np.frombuffer(bytes(data), "<u4").tolist(),
    )

    def __init__(self, record: Explorer, *, height: int) -> None:
        self.record = record
        self._bundle = Bundle()
        document = {"explorer": record.document(self._bundle), "arrays": self._bundle.records}
        first = {
            "layer": self._layers[record.layer],
            "epoch": record.epochs[record.kept],
            "color": next(iter(named_columns(record))),
            "pinned": None,
            "selected": (),
        }
        super().__init__(_key=uuid.uuid4().hex, _style=widget_style(), _record=document, height=height, **first)
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        record = self.record
        return f"<ExplorerWidget of {record.count:,} samples: {len(record.layers)} layers, {len(record.epochs)} epochs>"

    @property
    def selection(self) -> "pandas.DataFrame":
        """The selected samples, one row each, with their values after the epoch that is shown.

        The index "sample" holds their names. Set it to select: names, positions, a mask with a bool for each sample, or
        a DataFrame with the names as its index or in a column "sample".
        """
        return sample_table(self.record, self.selected, epoch=self.record.epochs.index(self.epoch))

    @selection.setter
    def selection(self, samples: Any) -> None:
        self.selected = samples

    def to_pandas(self) -> "pandas.DataFrame":
        """All samples, as `selection` has the selected ones."""
        return sample_table(self.record, range(self.record.count), epoch=self.record.epochs.index(self.epoch))

    @property
    def _layers(self) -> list[str]:
        return [layer.name for layer in self.record.layers]

    @traitlets.validate("layer")
    def _check_layer(self, proposal: Any) -> str:
        return check_choice(proposal["value"], name="layer", choices=self._layers)

    @traitlets.validate("color")
    def _check_color(self, proposal: Any) -> str:
        colors = [name for name, column in named_columns(self.record).items() if column.kind != "text"]
        return check_choice(proposal["value"], name="color", choices=colors)

    @traitlets.validate("pinned")
    def _check_pinned(self, proposal: Any) -> str | None:
        name = proposal["value"]
        return None if name is None or name == "" else self.record.names[find_positions(self.record, name)[0]]

    @traitlets.validate("epoch")
    def _check_epoch(self, proposal: Any) -> int:
        epoch, epochs = proposal["value"], self.record.epochs
        if epoch is None:
            return epochs[self.record.kept]
        if is_whole(epoch):
            if epoch in epochs:
                return int(epoch)
            if -len(epochs) <= epoch < 0:
                return epochs[epoch]
        raise UnknownNameError(
            f"the widget does not show the epoch {shown(epoch)}",
            hint=f"choose among {', '.join(map(str, epochs))}, or None for the kept epoch",
        )

    @traitlets.validate("selected")
    def _check_selected(self, proposal: Any) -> tuple[int, ...]:
        return find_positions(self.record, proposal["value"])

    def _answer(self, _: Any, content: Any, buffers: Any) -> None:
        """Send all arrays to a browser that asks for them, in display order."""
        if isinstance(content, dict) and content.get("kind") == "arrays":
            for index, data in enumerate(self._bundle.data):
                self.send({"kind": "array", "index": index}, [data])

    @cached_property
    def _still(self) -> bytes:
        return still_png(self.record)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, with an image for whatever cannot show one."""
        data, metadata = super()._repr_mimebundle_(**options) or ({"text/plain": repr(self)}, {})
        return {**data, "image/png": base64.b64encode(self._still).decode("ascii")}, metadata

    def _ipython_display_(self) -> None:
        """Show the widget, and below it an image that it hides while it is alive.

        nbclient keeps the state of widgets in a notebook, so nbconvert takes the widget for alive and shows no
        other form of the same output: only an output of its own stays visible.
        """
        from IPython.display import display

        data, metadata = super()._repr_mimebundle_() or ({"text/plain": repr(self)}, {})
        display(data, metadata=metadata, raw=True)
        still = {"text/plain": repr(self), "image/png": base64.b64encode(self._still).decode("ascii")}
        display({**still, "text/html": still_html(self.record, self._still, key=self._key)}, raw=True)
