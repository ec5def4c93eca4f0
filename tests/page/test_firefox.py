"""The report in Debian's Firefox, opened from disk: what the page needs of a browser is not in Chromium alone."""

import shutil
import subprocess

import numpy as np
import pytest

from .firefox import Firefox

# what they say is tested in Chromium as well; another browser starts in seconds
pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def start(firefox_path, tmp_path_factory):
    """Start browsers, which end with the module."""
    running = []

    def start_one(**options):
        running.append(Firefox(firefox_path, tmp_path_factory.mktemp("firefox"), **options))
        return running[-1]

    yield start_one
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def firefox(start):
    return start()


@pytest.fixture(scope="module")
def path(digits_run, tmp_path_factory):
    return digits_run.report(tmp_path_factory.mktemp("report") / "report.html", progress=False)


@pytest.fixture
def opened(firefox, path):
    yield explore(firefox, path)
    assert (firefox.complaints, firefox.requests) == ([], [])


def explore(firefox, path):
    """Open a report and bring its map into the window."""
    firefox.open(path)
    firefox.evaluate("(window.explorer = document.querySelector('.explorer').explorer).count")
    show(firefox, ".map")
    firefox.wait("explorer.map.transition.t === 0")
    return firefox


def show(firefox, selector):
    """Scroll to an element and return its place in the window: left, top, width, height."""
    firefox.evaluate(f"document.querySelector({selector!r}).scrollIntoView({{ block: 'center' }})")
    return box(firefox, selector)


def box(firefox, selector):
    place = f"document.querySelector({selector!r}).getBoundingClientRect()"
    return firefox.evaluate(f"(({{ x, y, width, height }}) => [x, y, width, height])({place})")


def locate(firefox, sample):
    x, y = firefox.evaluate(f"explorer.map.toScreen({sample})")
    left, top, *_ = box(firefox, ".map")
    return left + x, top + y


def colors_painted(firefox):
    """How many pixels of the map in a screenshot have the color of which class, within what transparency changes."""
    left, top, width, height = (round(each) for each in box(firefox, ".map"))
    shown = firefox.screenshot()[top : top + height, left : left + width].reshape(-1, 3).astype(int)
    palette = np.array(firefox.evaluate("[...explorer.map.surface.palette]")).reshape(-1, 4)[:10, :3]
    return [(np.abs(shown - color).max(axis=1) < 40).sum() for color in palette]


def state(firefox, name):
    value = f"explorer.store.state.{name}"
    return firefox.evaluate(f"ArrayBuffer.isView({value}) ? [...{value}] : {value}")


def test_errors_and_requests_of_a_page_are_noticed(firefox, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(
        "<script>console.error('said'); setTimeout(() => { document.title = 'done'; throw Error('thrown'); })</script>"
        "<img src='https://elsewhere.invalid/picture.png'>"
    )
    firefox.open(path, ready="document.title === 'done'")
    assert firefox.complaints == ["said", "Error: thrown"]
    assert firefox.requests == ["https://elsewhere.invalid/picture.png"]


def test_every_class_is_painted_in_its_color(opened):
    painted = colors_painted(opened)
    assert min(painted) > 100, painted


def test_webgl_paints_every_class_and_the_picture_of_canvas_2d(start, path):
    """Firefox has WebGL only where it has a display, and the page uses a software renderer only when it is told to."""
    if not (executable := shutil.which("Xvfb")):
        pytest.skip("no display without a screen on this machine: install the package xvfb to test WebGL in Firefox")
    command = [executable, "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as screen:
        try:
            firefox = explore(start(display=f":{screen.stdout.readline().strip()}"), path)
            found = firefox.evaluate(PAINTED_BY_BOTH)
            firefox.close()
        finally:
            screen.terminate()
    assert found["kinds"] == ["webgl2", "canvas2d"]
    gl, flat = (np.array(found[kind]).reshape(-1, 4) for kind in found["kinds"])
    assert (gl[:, 3] > 127).sum() == pytest.approx((flat[:, 3] > 127).sum(), rel=0.05)
    assert np.abs(gl - flat)[(gl[:, 3] > 200) & (flat[:, 3] > 200), :3].mean() < 3
    assert (firefox.complaints, firefox.requests) == ([], [])


PAINTED_BY_BOTH = """(() => {
  const found = { kinds: [] };
  for (const painter of ["webgl2", "canvas2d"]) {
    const host = document.createElement("div");
    host.style.cssText = "width: 200px; height: 200px";
    document.body.append(host);
    const { surface, count, transition } = explorer.map;
    const other = new explorer.map.constructor(host, { count, palette: surface.palette, painter, size: 6 });
    other.transition.add("a", surface.layouts.get(transition.a));
    other.color(surface.codes);
    other.paint();
    const copy = Object.assign(document.createElement("canvas"), { width: 200, height: 200 }).getContext("2d");
    copy.drawImage(other.surface.canvas, 0, 0);
    found.kinds.push(other.surface.kind);
    found[painter] = [...copy.getImageData(0, 0, 200, 200).data];
  }
  return found;
})()"""


def test_a_click_pins_the_card_of_a_sample(opened, digits_run):
    opened.drag(locate(opened, 17))
    opened.wait("explorer.store.state.pinned === 17")
    name = opened.evaluate("document.querySelector('.sample-card h3').textContent")
    assert name == opened.evaluate("explorer.samples.names[17]")
    picture = opened.evaluate(
        "[...document.querySelector('.card-image').getContext('2d').getImageData(0, 0, 8, 8).data]"
    )
    digit = digits_run.data.inputs(digits_run.context.sample(name), flat=False)[0] * 255
    np.testing.assert_allclose(np.reshape(picture, (8, 8, 4))[..., 0], digit, atol=1)
    probabilities = digits_run.predict(digits_run.data.x(digits_run.context.sample(name)))[0]
    first = opened.evaluate("document.querySelector('.sample-path .bar-value').textContent")
    assert float(first.rstrip("%")) / 100 == pytest.approx(probabilities.max(), abs=1.5e-3)


def test_a_box_selects_what_is_in_it(opened):
    opened.evaluate("[...document.querySelectorAll('.toolbar button')].find((b) => b.textContent === 'Box').click()")
    places = np.array([locate(opened, sample) for sample in range(360)])
    (left, top), (right, bottom) = places.min(axis=0) - 4, np.median(places, axis=0) + 0.5
    opened.drag((left, top), (right, bottom))
    opened.wait("explorer.store.state.selection.length > 0")
    # the mouse is at whole pixels
    sure = (places < np.floor([right, bottom]) - 1).all(axis=1), (places < np.ceil([right, bottom]) + 1).all(axis=1)
    inside, around = (set(np.flatnonzero(each).tolist()) for each in sure)
    selected = set(state(opened, "selection"))
    assert len(inside) > 20
    assert inside <= selected <= around


def test_the_slider_goes_to_the_epoch_before_and_the_points_move(opened):
    before = [locate(opened, sample) for sample in range(20)]
    opened.evaluate("document.querySelector('input[type=range]').focus()")
    opened.press("ArrowLeft")
    assert state(opened, "epoch") == 5
    assert opened.evaluate("document.querySelector('.epoch').textContent") == "Epoch 5"
    opened.wait("explorer.map.transition.t === 0")
    assert not np.allclose(before, [locate(opened, sample) for sample in range(20)], atol=0.5)


def test_a_drawing_gets_probabilities(opened, digits_run):
    opened.evaluate("document.querySelector('.new-sample > summary').click()")
    opened.wait("document.querySelector('.drawing-sheet') !== null")
    left, top, width, height = show(opened, ".drawing-sheet")
    opened.drag(*[(left + width / 2, top + height * part) for part in (0.15, 0.4, 0.6, 0.85)])
    opened.wait("document.querySelectorAll('.new-sample .probabilities li').length > 0")
    names, shares, picture = opened.evaluate(
        """[
          ...[".new-sample .bar-name", ".new-sample .bar-value"].map((parts) =>
            [...document.querySelectorAll(parts)].map((part) => part.textContent)),
          [...document.querySelector(".new-sample .card-image").getContext("2d").getImageData(0, 0, 8, 8).data],
        ]"""
    )
    drawn = np.reshape(picture, (8, 8, 4))[..., 0] * (digits_run.data.scale / 255)
    probabilities = digits_run.predict(drawn.astype(np.float32)[None])[0]
    likeliest = np.argsort(-probabilities)[: len(names)]
    assert [int(name) for name in names] == likeliest.tolist()
    assert [float(share.rstrip("%")) / 100 for share in shares] == pytest.approx(probabilities[likeliest], abs=1.5e-3)
    opened.wait("explorer.store.state.newSample?.size === explorer.record.layers.length")
    assert all(0 <= place <= 1 for place in opened.evaluate("explorer.map.marked"))


def test_the_page_is_dark_where_the_system_is(start, path):
    firefox = explore(start(scheme="dark"), path)
    painted = colors_painted(firefox)
    assert min(painted) > 100, painted
    left, top, *_ = (round(each) for each in box(firefox, ".map"))
    assert firefox.screenshot()[top + 5, left + 5].max() < 80, "the background of the map"
    assert (firefox.complaints, firefox.requests) == ([], [])
