"""The widget in JupyterLab itself, on loopback with every other address blocked."""

import os
import pickle
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

ROOT = Path(__file__).parents[3]
TOKEN = "0123456789abcdef"

SHOW = """
import pickle
from cutaway.page import explorer_widget
with open("record.pickle", "rb") as file:
    widget = explorer_widget(pickle.load(file))
widget
"""
PRINT = "print('selected', *widget.selection.index, widget.pinned, widget.layer)"
SET = "widget.selection = ['test[5]', 'test[7]']"

EXPLORER = "document.querySelector('[data-lm-suppress-shortcuts]')?.explorer"
STILL = "document.querySelector('[class^=cutaway-still]')"


@pytest.fixture
def lab(tmp_path, record):
    """The address of a JupyterLab with a notebook of three cells."""
    pytest.importorskip("jupyterlab")
    pytest.importorskip("anywidget")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (SHOW, PRINT, SET)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "n.ipynb")
    (tmp_path / "record.pickle").write_bytes(pickle.dumps(record))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = os.environ | {name: str(tmp_path / "jupyter" / name) for name in names} | {"PYTHONPATH": str(ROOT)}
    options = ["--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
    options += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={tmp_path}", "--allow-root"]
    options += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    options += ["--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while not _answers(f"{address}/api?token={TOKEN}"):
            assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
            assert time.monotonic() < end
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # it waits for a kernel that is busy
            server.kill()
            server.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def page(browser, lab):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    blocked = []

    def gate(route):
        if route.request.url.startswith((lab, "data:", "blob:")):
            route.continue_()
        else:
            blocked.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    context.set_default_timeout(120_000)  # JupyterLab, a kernel and cutaway are loaded on a busy machine
    opened = context.new_page()
    opened.goto(f"{lab}/lab/tree/n.ipynb?token={TOKEN}")
    opened.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.model?.cells?.length === 3")
    opened.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
    yield opened
    context.close()
    assert blocked == []


def _run(page, cell):
    """Run a cell, and return the text that it prints."""
    page.evaluate(
        """async (cell) => {
          jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
          await jupyterapp.commands.execute("notebook:run-cell");
        }""",
        cell,
    )
    return page.evaluate(
        """(cell) => {
          const outputs = jupyterapp.shell.currentWidget.content.model.cells.get(cell).outputs.toJSON();
          return outputs.map((output) => output.text ?? output.ename ?? "").join("");
        }""",
        cell,
    )


def test_selections_go_both_ways_and_a_picture_is_there_once_the_kernel_has_ended(page):
    _run(page, 0)
    page.wait_for_function(f"{EXPLORER}?.map && {EXPLORER}.samples.images")
    page.wait_for_function(f"{STILL} && getComputedStyle({STILL}).display === 'none'")
    page.evaluate(f"{EXPLORER}.map.host.scrollIntoView({{ block: 'center' }})")
    left, top, width, height = page.evaluate(
        f"(() => {{ const b = {EXPLORER}.map.host.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }})()"
    )
    page.keyboard.down("Shift")
    page.mouse.move(left + 4, top + 4)
    page.mouse.down()
    for x, y in ((width - 4, 4), (width - 4, height - 4), (4, height - 4)):
        page.mouse.move(left + x, top + y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_function(f"{EXPLORER}.store.state.selection.length === 60")
    assert _run(page, 1).split()[:61] == ["selected", *(f"test[{i}]" for i in range(60))]

    _run(page, 2)
    page.wait_for_function(f"{EXPLORER}.store.state.selection.length === 2")
    page.get_by_label("Find samples").focus()
    page.keyboard.type("dd")  # deletes a cell, where keys reach the notebook
    assert page.evaluate("jupyterapp.shell.currentWidget.content.model.cells.length") == 3
    assert page.get_by_label("Find samples").input_value() == "dd"

    page.evaluate(
        """async () => {
          await jupyterapp.commands.execute("docmanager:save");
          await jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart();
        }"""
    )
    page.reload()
    page.wait_for_function(f"{STILL}?.querySelector('img').complete && {STILL}.checkVisibility()")
    assert page.evaluate(f"{STILL}.querySelector('img').naturalWidth") > 400
