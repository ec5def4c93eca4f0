"""The Python side of the widget: what it sends, and selections both ways. No browser is needed."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cutaway.errors import UnknownNameError, UsageError
from cutaway.page import explorer_widget
from cutaway.page.bundle import Bundle
from cutaway.page.linking import link_module

VIEW = "application/vnd.jupyter.widget-view+json"


class Sent:
    """A comm that keeps what is sent."""

    comm_id = "7"

    def __init__(self):
        self.messages = []

    def send(self, data=None, metadata=None, buffers=None):
        self.messages.append((data, buffers))

    def on_msg(self, receive):
        self.receive = receive

    def close(self, *given, **options):
        pass


def from_browser(comm, state, buffers=None):
    buffers = buffers or {}
    data = {"method": "update", "state": state, "buffer_paths": [[name] for name in buffers]}
    comm.receive({"content": {"data": data}, "buffers": [memoryview(each) for each in buffers.values()]})


def test_a_browser_that_asks_gets_every_array_as_bytes(widget, record):
    widget.comm = comm = Sent()
    comm.receive({"content": {"data": {"method": "custom", "content": {"kind": "arrays"}}}, "buffers": []})
    bundle = Bundle()
    document = record.document(bundle)
    assert [data["content"] for data, _ in comm.messages] == [
        {"kind": "array", "index": index} for index in range(len(bundle.data))
    ]
    assert [bytes(buffers[0]) for _, buffers in comm.messages] == bundle.data
    assert widget.get_state("_record")["_record"] == {"explorer": document, "arrays": bundle.records}


def test_other_messages_are_not_answered(widget):
    widget.comm = comm = Sent()
    for content in ({"kind": "other"}, [], None):
        comm.receive({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert comm.messages == []


def test_the_state_holds_no_array_and_can_be_written_as_json(widget):
    state = widget.get_state()
    assert state.pop("selected") == b""
    for name in ("layout", "_esm", "_style"):
        del state[name]
    assert len(json.dumps(state)) < 5000


def test_a_lasso_in_the_browser_is_a_table_in_python(widget):
    widget.comm = comm = Sent()
    told = []
    widget.observe(told.append, names="selected")
    from_browser(comm, {}, {"selected": np.array([3, 31], "<u4").tobytes()})
    table = widget.selection
    assert widget.selected == told[0].new == (3, 31)
    assert table.index.name == "sample"
    assert table.index.tolist() == ["test[3]", "test[31]"]
    assert table.columns.tolist() == ["label", "predicted", "right", "confidence", "weight in kg", "place", "note"]
    assert table["label"].tolist() == ["red", "green"]
    assert table["predicted"].tolist() == ["red", "red"]
    assert table["right"].tolist() == [True, False]
    np.testing.assert_allclose(table["confidence"], np.linspace(0.2, 1, 60)[[3, 31]] * 2 / 3, rtol=1e-6)
    assert np.isnan(table["weight in kg"].iloc[0])
    assert table["place"].tolist() == ["there", "there"]
    assert table["note"].tolist() == ["note 3", "note 31"]


def test_a_table_says_what_is_known_after_the_epoch_that_is_shown(widget):
    widget.selected = [31]
    widget.epoch = 4
    assert widget.selection["predicted"].tolist() == ["green"]
    assert widget.to_pandas()["right"].all()
    assert pd.isna(widget.to_pandas()["place"].iloc[0])
    assert len(widget.to_pandas()) == 60


def _frame(**named):
    return pd.DataFrame({"x": [1.0, 2.0], **named})


@pytest.mark.parametrize(
    "given",
    [
        ["test[31]", "test[3]", "test[3]"],
        [3, 31],
        np.array([31, 3]),
        pd.Index(["test[3]", "test[31]"]),
        np.isin(np.arange(60), [3, 31]),
        pd.Series(np.isin(np.arange(60), [3, 31])),
        _frame(sample=["test[3]", "test[31]"]),
        _frame().set_axis(pd.Index(["test[3]", "test[31]"], name="sample")),
        _frame().set_axis(["test[3]", "test[31]"]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_every_form_of_a_selection_selects_and_is_sent_as_bytes(widget, given):
    widget.comm = comm = Sent()
    widget.selection = given
    assert widget.selected == (3, 31)
    data, buffers = comm.messages[-1]
    assert data["buffer_paths"] == [["selected"]]
    assert bytes(buffers[0]) == np.array([3, 31], "<u4").tobytes()


def test_a_selection_comes_back_as_it_was_and_can_be_ended(widget):
    widget.selection = widget.to_pandas().query("right and confidence < 0.3")
    assert len(widget.selection) > 0
    before = widget.selected
    widget.selection = widget.selection
    assert widget.selected == before
    widget.selection = None
    assert widget.selected == ()
    assert widget.selection.columns.tolist() == widget.to_pandas().columns.tolist()


def test_nothing_else_is_a_selection(widget):
    with pytest.raises(UnknownNameError):
        widget.selection = ["test[60]"]
    for given in ([60], [-1], [True, False], [0.5], ["test[1]", 2], 7, object()):
        with pytest.raises(UsageError):
            widget.selection = given
    assert widget.selected == ()


def test_layer_epoch_color_and_pinned_go_both_ways(widget):
    widget.comm = comm = Sent()
    assert (widget.layer, widget.epoch, widget.color, widget.pinned) == ("dense", 2, "label", None)
    widget.layer, widget.epoch, widget.color, widget.pinned = "input", 4, "weight in kg", "test[7]"
    sent = {}
    for data, _ in comm.messages:
        sent |= data["state"]
    assert sent == {"layer": 0, "epoch": 2, "color": "column0", "pinned": 7}
    from_browser(comm, {"layer": 1, "epoch": 0, "color": "column1", "pinned": -1})
    assert (widget.layer, widget.epoch, widget.color, widget.pinned) == ("dense", 0, "place", None)
    widget.epoch = -1
    assert widget.epoch == 4
    widget.epoch = None
    assert widget.epoch == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layer", "dens"),
        ("layer", 3),
        ("epoch", 1),
        ("epoch", True),
        ("epoch", -4),
        ("epoch", "2"),
        ("color", "note"),
        ("pinned", "test[99]"),
    ],
)
def test_what_there_is_not_cannot_be_shown(widget, name, value):
    before = getattr(widget, name)
    with pytest.raises(UnknownNameError):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


@pytest.mark.parametrize("height", [100, 5000, "tall", True])
def test_a_height_is_a_number_of_pixels(record, height):
    with pytest.raises(UsageError):
        explorer_widget(record, height=height)


def test_a_picture_is_there_for_what_shows_no_widget(widget):
    data, _ = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.model_id
    assert data["text/plain"] == "<ExplorerWidget of 60 samples: 2 layers, 3 epochs>"
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as picture:
        picture.load()
        colors = picture.convert("RGB").getcolors(10**6)
    assert picture.width > 400
    assert len(colors) > 50


def test_without_anywidget_the_error_says_what_to_install(record, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cutaway.page.notebook.widget", None)
    with pytest.raises(UsageError, match=r"\.\[notebook\]"):
        explorer_widget(record)


def test_modules_become_one_with_a_default_export():
    sources = {
        "a.js": 'import { b } from "./b.js";\nexport function render() {\n  b();\n}\n',
        "b.js": "export const b = 1;\n",
    }
    linked = link_module("a.js", sources.__getitem__)
    assert linked.endswith('return { render };\n})();\n\nexport default linkedModules["a.js"];\n')
    assert linked.count("export") == 1


def test_the_widget_is_what_anywidget_asks_for(widget):
    assert widget._esm.endswith('return { render };\n})();\n\nexport default linkedModules["notebook/widget.js"];\n')


def test_a_sample_with_a_file_is_selected_by_its_place_as_well(record):
    """Tables have places in their column "sample", and files beside them."""
    others = [f"test[{number}]" for number in range(3, record.count)]
    named = replace(record, names=("a/0.png (sample[4])", "twin (train[3])", "b (c).png (sample[0])", *others))
    widget = explorer_widget(named)
    widget.selection = pd.DataFrame({"sample": ["sample[4]", "train[3]"], "file": ["a/0.png", "b"]})
    assert list(widget.selected) == [0, 1]
    widget.pinned = "sample[0]"
    assert widget.pinned == "b (c).png (sample[0])"
