"""The head of the page of a run: its title is written there, and the run is deleted and taken back."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.mark.exhaustive
def test_a_run_is_named_deleted_and_taken_back_on_its_own_page(own_studio, open_page, hostile):
    opened = open_page(own_studio, "/runs/second")
    page, folder = opened.page, own_studio.folder / "second"
    head = page.locator(".run-head")
    head.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill(hostile)
    page.get_by_role("button", name="Save", exact=True).click()
    head.get_by_role("heading", name=hostile).wait_for()
    assert page.evaluate("window.hacked") is None
    assert (folder / "title.txt").read_text() == f"{hostile}\n"
    opened.wait("document.querySelector('#learning .plot')?.childElementCount", seconds=90)
    head.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel").click()
    assert folder.is_dir()
    head.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete the run").click()
    page.get_by_role("button", name="Take it back").wait_for()
    assert not folder.exists()
    opened.open("/trash/first")
    page.wait_for_url("**/runs/first")
    opened.open("/trash/second")  # a page of its own, on which nothing asks for the run
    page.get_by_role("button", name="Take it back").click()
    head.get_by_role("heading", name=hostile).wait_for()
    assert (folder / "run.json").is_file()
    opened.check_quiet()
