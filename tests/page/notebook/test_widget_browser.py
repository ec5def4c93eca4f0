"""The widget in a real browser, in a page that has anywidget's interface; its kernel is this process."""

import pytest

from cutaway.page import explorer_widget

from .notebook import Notebook

pytestmark = pytest.mark.browser

STATE = "(() => {{ const v = explorerOf({view}).store.state.{name}; return ArrayBuffer.isView(v) ? [...v] : v; }})()"


def state(notebook, name, view=0):
    return notebook.page.evaluate(STATE.format(view=view, name=name))


def place(notebook, sample, view=0):
    """Where a sample is in the window."""
    notebook.page.evaluate(f"explorerOf({view}).map.host.scrollIntoView({{ block: 'center' }})")
    x, y, left, top = notebook.page.evaluate(
        f"""(() => {{
          const {{ map }} = explorerOf({view});
          const box = map.host.getBoundingClientRect();
          return [...map.toScreen({sample}), box.x, box.y];
        }})()"""
    )
    return left + x, top + y


def lasso(notebook, *places):
    mouse = notebook.page.mouse
    notebook.page.keyboard.down("Shift")
    mouse.move(*places[0])
    mouse.down()
    for each in (*places[1:], places[0]):
        mouse.move(*each, steps=4)
    mouse.up()
    notebook.page.keyboard.up("Shift")


@pytest.fixture
def notebook(open_notebook, widget):
    opened = open_notebook()
    opened.open(widget)
    opened.show()
    return opened


@pytest.fixture(scope="module")
def shared(browser, record):
    """A notebook with a widget, which three tests use one after the other."""
    opened, made = Notebook(browser), explorer_widget(record)
    opened.open(made)
    opened.show()
    yield opened, made
    opened.check_quiet()
    opened.context.close()
    made.close()


@pytest.mark.exhaustive
def test_a_lasso_is_a_selection_in_python(notebook, widget):
    (left, top), (right, bottom) = place(notebook, 57), place(notebook, 0)
    lasso(notebook, (left - 15, top - 15), (right + 15, top - 15), (right + 15, bottom + 15), (left - 15, bottom + 15))
    notebook.wait(lambda: len(widget.selected) == 20)
    assert set(widget.selection["label"]) == {"red"}
    notebook.check_quiet()


def test_a_selection_in_python_selects_on_the_map(shared):
    notebook, widget = shared
    widget.selection = ["test[4]", "test[30]"]
    notebook.wait("explorerOf(0).store.state.selection.length === 2")
    assert state(notebook, "selection") == [4, 30]
    assert notebook.page.locator(".selection h3").inner_text() == "2 samples selected"
    assert notebook.page.evaluate("explorerOf(0).map.states[30]") != 0
    notebook.page.get_by_role("button", name="Invert").click()
    notebook.wait(lambda: len(widget.selected) == 58)
    widget.selection = None
    notebook.wait("explorerOf(0).store.state.selection.length === 0")


def test_a_click_pins_a_sample_in_python_and_python_pins_one_on_the_map(shared):
    notebook, widget = shared
    notebook.page.mouse.click(*place(notebook, 33))
    notebook.wait(lambda: widget.pinned == "test[33]")
    widget.pinned = "test[5]"
    notebook.wait("explorerOf(0).map.pinned === 5")
    notebook.page.mouse.move(1, 1)  # a card shows the sample under the pointer first
    assert notebook.page.locator(".sample-card h3").inner_text() == "test[5]"
    widget.pinned = None
    notebook.wait("explorerOf(0).map.pinned === -1")


@pytest.mark.exhaustive
def test_layer_epoch_and_color_go_both_ways(notebook, widget):
    page = notebook.page
    page.get_by_role("button", name="Next epoch").click()
    notebook.wait(lambda: widget.epoch == 4)
    page.get_by_role("button", name="Show the map of Input").click()
    notebook.wait(lambda: widget.layer == "input")
    page.get_by_label("Color").select_option("confidence")
    notebook.wait(lambda: widget.color == "confidence")
    widget.layer, widget.epoch, widget.color = "dense", 0, "weight in kg"
    notebook.wait("explorerOf(0).store.state.color === 'column0'")
    assert (state(notebook, "layer"), state(notebook, "epoch")) == (1, 0)
    notebook.wait("explorerOf(0).map.transition.t === 0 && explorerOf(0).map.transition.a === '1/0'")
    assert page.locator(".timeline .epoch").inner_text() == "Epoch 0 (as initialized)"
    notebook.check_quiet()


@pytest.mark.exhaustive
def test_what_was_set_before_it_is_shown_is_there(open_notebook, widget):
    widget.selection, widget.layer, widget.epoch, widget.pinned = [1, 2], "input", 0, "test[3]"
    opened = open_notebook()
    opened.open(widget)
    opened.show()
    opened.wait("explorerOf(0).store.state.selection.length === 2")
    assert [state(opened, name) for name in ("layer", "epoch", "pinned", "selection")] == [0, 0, 3, [1, 2]]
    opened.check_quiet()


@pytest.mark.exhaustive
def test_two_views_of_a_widget_show_the_same_and_ask_once(notebook, widget):
    second = notebook.show(0)
    assert notebook.asked == [{"kind": "arrays"}]
    widget.selection = [9]
    notebook.wait(
        f"explorerOf({second}).store.state.selection[0] === 9 && explorerOf(0).store.state.selection[0] === 9"
    )
    notebook.page.mouse.click(*place(notebook, 33, view=second))
    notebook.wait("explorerOf(0).store.state.pinned === 33")
    notebook.check_quiet()


@pytest.mark.exhaustive
def test_two_widgets_on_a_page_do_not_know_each_other(notebook, record, widget):
    other = explorer_widget(record, height=300)
    notebook.open(other)
    view = notebook.show(1)
    other.selection = [9]
    notebook.wait(f"explorerOf({view}).store.state.selection.length === 1")
    assert state(notebook, "selection") == []
    assert notebook.page.evaluate(f"explorerOf({view}).map.host.offsetHeight") == 300
    assert widget.selected == ()
    notebook.check_quiet()


@pytest.mark.exhaustive
def test_a_removed_output_gives_back_its_context_and_its_listeners(notebook, widget):
    page = notebook.page
    page.evaluate("window.kept = { explorer: explorerOf(0), map: explorerOf(0).map, listening: models[0].listening }")
    assert page.evaluate("kept.map.surface.kind") in ("webgl2", "canvas2d")
    assert page.evaluate("document.head.querySelectorAll('style').length") == 2
    page.evaluate("views[0].end()")
    assert page.evaluate("views[0].el.childElementCount") == 0
    assert page.evaluate("models[0].listening") == 1, "the one that takes arrays, which ends with the model"
    assert page.evaluate("document.head.querySelectorAll('style').length") == 1
    lost = "kept.map.surface.kind === 'canvas2d' || kept.map.surface.painter.gl.isContextLost()"
    assert page.evaluate(lost)
    widget.selection, widget.layer = [9], "input"
    page.wait_for_timeout(1700)  # a map that lost its context would come back after 1.5 s
    notebook.pump()
    assert page.evaluate("kept.map.selection.length") == 0
    assert page.evaluate(lost)
    notebook.check_quiet()


@pytest.mark.exhaustive
def test_an_output_that_is_removed_before_its_data_come_stays_empty(open_notebook, widget):
    opened = open_notebook()
    opened.open(widget)
    opened.page.evaluate("(() => { const view = show(0); views[view].end(); })()")
    opened.wait(lambda: not opened.messages)
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("views[0].el.childElementCount") == 0
    opened.show(0)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_styles_of_notebook_and_widget_do_not_reach_each_other(open_notebook, widget):
    opened = open_notebook()
    before = opened.page.evaluate("JSON.stringify({ ...getComputedStyle(document.getElementById('own')) })")
    opened.open(widget)
    opened.show()
    assert opened.page.evaluate("JSON.stringify({ ...getComputedStyle(document.getElementById('own')) })") == before
    found = opened.page.locator(".timeline .play").evaluate(
        "e => ((s) => [s.textTransform, s.color, s.fontFamily.split(',')[0]])(getComputedStyle(e))"
    )
    assert found == ["none", "rgb(90, 98, 109)", "Inter"]
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.exhaustive
def test_it_fits_cells_of_every_width(open_notebook, widget):
    opened = open_notebook(viewport={"width": 1700, "height": 900})
    opened.open(widget)
    widget.pinned, widget.selection = "test[3]", range(60)
    opened.show()
    too_wide = """(() => {
      const { host } = explorerOf(0);
      const edge = host.getBoundingClientRect().right + 1;
      return [...host.children].filter((each) => each.getBoundingClientRect().right > edge).length;
    })()"""
    columns = "getComputedStyle(explorerOf(0).host.querySelector('.stage')).gridTemplateColumns.split(' ').length"
    for width in (360, 700, 1600):
        opened.page.evaluate(f"document.getElementById('cell').style.width = '{width}px'")
        assert opened.page.evaluate("explorerOf(0).host.getBoundingClientRect().width") == width
        assert opened.page.evaluate(too_wide) == 0, width
        assert opened.page.evaluate(columns) == (2 if width == 1600 else 1), "the window is wide all the time"
    opened.check_quiet()


SAYS = {
    "JupyterLab": "document.body.dataset.jpThemeLight = dark ? 'false' : 'true'",
    "VS Code": "document.body.className = dark ? 'vscode-dark' : 'vscode-light'",
    "VS Code, high contrast": "document.body.className = dark ? 'vscode-high-contrast' : 'vscode-high-contrast-light'",
    "Colab": "document.documentElement.setAttribute('theme', dark ? 'dark' : 'light')",
    "another one, by its background": "document.body.style.background = dark ? '#181818' : '#fafafa'",
}


@pytest.mark.exhaustive
def test_it_is_light_or_dark_as_its_notebook(notebook):
    page = notebook.page
    for said in SAYS.values():
        page.evaluate("""(() => {
          delete document.body.dataset.jpThemeLight;
          document.body.className = document.body.style.background = "";
          document.documentElement.removeAttribute("theme");
        })()""")
        for dark in (True, False):
            page.evaluate(f"dark => {{ {said}; }}", dark)
            notebook.wait(f"views[0].el.firstElementChild.dataset.scheme === '{'dark' if dark else 'light'}'")
            color = page.evaluate("getComputedStyle(explorerOf(0).map.host).backgroundColor")
            assert color == ("rgb(27, 30, 34)" if dark else "rgb(255, 255, 255)"), said
    notebook.check_quiet()


@pytest.mark.exhaustive
def test_keys_are_not_taken_by_the_notebook(notebook):
    heard = """(() => {
      window.heard = [];
      document.addEventListener("keydown", (event) => {
        let target = event.target;
        while (target && !target.hasAttribute?.("data-lm-suppress-shortcuts")) target = target.parentElement;
        if (!target) heard.push(event.key);
      }, true);
    })()"""
    notebook.page.evaluate(heard)
    notebook.page.mouse.click(*place(notebook, 33))
    notebook.page.keyboard.press("n")
    notebook.page.get_by_label("Find samples").fill("wrong")
    notebook.page.keyboard.press("d")
    assert notebook.page.evaluate("heard") == []


def test_the_still_image_is_hidden_while_the_widget_is_alive(shared):
    notebook, widget = shared
    page = notebook.page
    page.evaluate(
        f"""document.querySelector(".output").innerHTML = '<div class="cutaway-still-{widget._key}">image</div>'"""
    )
    assert not page.get_by_text("image", exact=True).is_visible()
    page.evaluate("views[0].end()")
    assert page.get_by_text("image", exact=True).is_visible()


@pytest.mark.exhaustive
def test_the_model_of_a_run_is_computed_in_the_notebook_and_its_images_follow_the_scheme(open_notebook, digits_run):
    made = digits_run.explore(progress=False)
    opened = open_notebook()
    opened.open(made)
    opened.show()
    opened.wait("explorerOf(0).store.state.model !== null")
    made.pinned = made.record.names[5]
    strongest = opened.page.locator(".probabilities .bar-value").first
    opened.wait(lambda: strongest.count() > 0)
    assert strongest.inner_text() == f"{digits_run.predictions()[5].max():.1%}"
    opened.check_quiet()  # before pixels are read, which the browser would do in another way
    # the color of the unit that fires most, whose opacity is 1
    color = """(() => {
      const canvas = explorerOf(0).host.querySelector("canvas.units");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let k = 0; k < data.length; k += 4) if (data[k + 3] === 255) return [...data.slice(k, k + 3)].join();
      return "";
    })()"""
    opened.wait(f"{color} === '184,72,10'")
    opened.page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    opened.wait(f"{color} === '255,154,77'")
