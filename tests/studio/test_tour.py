"""The tour of five steps, as a person takes it on a first visit."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def step(opened):
    """The number of the step that is shown, and its heading."""
    panel = opened.page.locator(".tour")
    count = panel.locator(".tour-count").inner_text()
    return int(count.split()[1]), panel.locator("h2").inner_text()


@pytest.mark.exhaustive
def test_five_steps_lead_from_nothing_to_the_labels_of_a_run(start_studio, open_page):
    opened = open_page(start_studio())
    assert opened.page.locator(".tour h2").inner_text() == "Here for the first time?"
    opened.page.get_by_role("button", name="Take the tour").click()
    opened.ready()
    assert step(opened) == (1, "Every training is a run")
    assert opened.page.locator(".runs-head.tour-target").count() == 1
    opened.page.get_by_role("link", name="Go to Train").click()
    opened.page.wait_for_url("**/train?data=bundled/digits")
    opened.ready()
    assert step(opened)[0] == 2
    opened.page.get_by_role("button", name="Start training").click()
    opened.page.wait_for_url("**/runs/*", timeout=120_000)
    opened.ready()
    assert step(opened) == (3, "It learns")
    opened.page.get_by_role("link", name="Look inside").click()
    assert step(opened) == (4, "Cut it open")
    opened.wait("document.querySelector('.views.tour-target')", seconds=60)  # once the training has ended
    opened.page.get_by_role("link", name="Look for wrong labels").click()
    opened.page.wait_for_url("**/label-issues")
    opened.ready()
    assert step(opened)[0] == 5
    opened.page.get_by_role("button", name="Done").click()
    assert opened.page.locator(".tour").count() == 0
    opened.open("/")
    assert opened.page.locator(".tour").count() == 0  # it is offered once
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_tour_can_be_refused_ended_and_taken_later(start_studio, open_page):
    opened = open_page(start_studio())
    opened.page.get_by_role("button", name="No, thanks").click()
    opened.open("/")
    assert opened.page.locator(".tour").count() == 0
    opened.page.get_by_role("button", name="Tour", exact=True).click()
    opened.page.wait_for_selector(".tour-count")
    opened.open("/data")
    assert opened.page.locator(".tour").count() == 0  # no step is on that page
    opened.open("/")
    assert step(opened)[0] == 1
    opened.page.get_by_role("button", name="End the tour").click()
    opened.open("/train")
    assert opened.page.locator(".tour").count() == 0
    opened.check_quiet()
