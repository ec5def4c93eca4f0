"""A folder of pictures is uploaded in a browser, looked at, and trained on; half of one leaves nothing."""

import numpy as np
import pytest
from PIL import Image

from cutaway.runs import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def shapes(tmp_path):
    """A folder of pictures of two classes, one named as markup, with files that are no pictures."""
    root = tmp_path / "my shapes"
    rng = np.random.default_rng(0)
    for k, name in enumerate(("dark", HOSTILE)):
        (root / name).mkdir(parents=True)
        for i in range(40):
            pixels = np.clip(rng.normal(60 + 120 * k, 20, (9, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"ü {i}.png")
    (root / "dark" / "read me.txt").write_text("not a picture")
    (root / "dark" / ".hidden.png").write_bytes(b"not one either")
    (root / "notes.md").write_text("not in a class")
    return root


def partial_uploads(studio):
    folder = studio.folder / ".studio" / "uploads"
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def test_a_folder_is_uploaded_looked_at_trained_on_and_deleted(start_studio, open_page, shapes):
    studio = start_studio()
    opened = open_page(studio, "/data")
    page = opened.page
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Choose a folder").click()
    choosing.value.set_files(shapes)
    page.wait_for_url("**/data?data=upload*", timeout=60_000)
    opened.ready()
    opened.wait("document.querySelectorAll('.sheet-picture').length === 48", seconds=60)  # of the training samples
    assert page.inner_text("h1") == "my shapes"
    assert page.locator(".class-counts li").all_inner_texts() == [f"{HOSTILE}\n40", "dark\n40"]
    page.get_by_role("link", name="Train on these data").click()
    opened.ready()
    page.fill("#setting-epochs", "1")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/runs/*", timeout=120_000)
    opened.ready()
    opened.wait("document.querySelector('.live')?.dataset.state === 'finished'", seconds=120)
    run = RunFolder.open(studio.folder / page.url.rpartition("/")[2])
    assert tuple(run.manifest.dataset.shape) == (9, 8)
    assert list(run.manifest.dataset.class_names) == [HOSTILE, "dark"]
    opened.open("/data")
    page.get_by_role("button", name="Delete my shapes").click()
    opened.wait("!document.querySelector('[aria-label=\"Delete my shapes\"]')")
    assert partial_uploads(studio) == []
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_folder_or_its_classes_are_dropped(start_studio, open_page, shapes):
    studio = start_studio()
    opened = open_page(studio, "/data")
    browser = opened.context.new_cdp_session(opened.page)

    def drop(*paths):
        opened.open("/data")
        box = opened.page.locator(".upload-area").bounding_box()
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            at = {"x": box["x"] + 20, "y": box["y"] + 10}
            browser.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})
        opened.page.wait_for_url("**/data?data=upload*", timeout=60_000)
        opened.ready()
        opened.wait("document.querySelectorAll('.sheet-picture').length === 48", seconds=60)
        return opened.page.inner_text("h1")

    assert drop(shapes) == "my shapes"
    assert drop(*sorted(path for path in shapes.iterdir() if path.is_dir())) == "pictures"
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_folder_of_something_else_is_refused_in_words(start_studio, open_page, shapes):
    opened = open_page(start_studio(), "/data")
    opened.page.set_input_files("#upload-folder", shapes / "dark")
    opened.wait("document.querySelector('.studio-message.error')")
    assert opened.page.inner_text(".studio-message.error p") == (
        "a folder of images has a folder for each class, perhaps inside folders train, val and test; "
        "got images outside of such folders; next: choose the folder that holds the folders of the classes"
    )
    for path in [*shapes.rglob("*.png")]:
        path.unlink()
    opened.page.set_input_files("#upload-folder", shapes)
    opened.wait("document.querySelectorAll('.studio-message.error').length === 2")
    said = opened.page.locator(".studio-message.error p").all_inner_texts()[1]
    assert said.startswith("A folder of images holds some; got 2 other files. Next: ")
    assert partial_uploads(opened.studio) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", ["cancel", "leave"])
def test_an_upload_that_a_person_ends_leaves_nothing(start_studio, open_page, shapes, way):
    opened = open_page(start_studio(), "/data")
    held = []
    opened.page.route("**/api/uploads/*/files", lambda route: held.append(route) or None, times=1)
    opened.page.set_input_files("#upload-folder", shapes)
    opened.wait("document.querySelector('.working')?.innerText.includes('of 80 images')")
    assert "1 file that is not an image is left out" not in opened.page.inner_text(".working")
    assert "2 files that are not images are left out" in opened.page.inner_text(".working")
    assert len(partial_uploads(opened.studio)) == 1
    if way == "cancel":
        opened.page.get_by_role("button", name="Cancel").click()
        opened.wait("document.querySelector('.studio-message.error')?.innerText.includes('The upload was canceled.')")
    else:
        opened.open("/")
    opened.wait("true")
    for _ in range(100):
        if not partial_uploads(opened.studio):
            break
        opened.page.wait_for_timeout(50)
    assert partial_uploads(opened.studio) == []
    assert opened.studio.ask("/api/data").json["uploads"] == []
