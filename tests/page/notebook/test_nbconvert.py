"""A notebook with a widget that was executed without a browser, and exported: a picture is there instead."""

import base64
import io
import json
import pickle
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

ROOT = Path(__file__).parents[3]
CODE = """
import pickle, sys
sys.path.insert(0, {root!r})
from cutaway.page import explorer_widget
with open({record!r}, "rb") as file:
    widget = explorer_widget(pickle.load(file))
widget
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory, record):
    path = tmp_path_factory.mktemp("notebook") / "record.pickle"
    path.write_bytes(pickle.dumps(record))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CODE.format(root=str(ROOT), record=str(path)))]
    )
    return NotebookClient(notebook, timeout=120, kernel_name="python3").execute()


def test_the_outputs_are_the_widget_and_a_picture(executed):
    view, still = executed.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in view.data
    assert "image/png" not in view.data, "or the picture is exported twice where the state is not saved"
    with Image.open(io.BytesIO(base64.b64decode(still.data["image/png"]))) as picture:
        picture.verify()
    assert still.data["text/html"].startswith('<div class="cutaway-still-')


def test_the_state_in_the_notebook_is_small(executed):
    state = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]
    assert len(json.dumps(state)) < 400_000, "the modules and styles, and no arrays"


@pytest.mark.parametrize("with_state", [True, False])
def test_an_exported_notebook_shows_one_picture(executed, with_state, browser, tmp_path):
    notebook = nbformat.from_dict(json.loads(json.dumps(executed)))
    if not with_state:
        del notebook.metadata["widgets"]
    path = tmp_path / "n.html"
    path.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    context = browser.new_context()
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page = context.new_page()
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    pictures = page.locator(".jp-OutputArea img")
    assert pictures.count() == 1
    assert pictures.is_visible()
    assert pictures.evaluate("e => e.naturalWidth") > 400
    context.close()
