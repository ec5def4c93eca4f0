"""`cutaway studio` starts, is reached, and ends."""

import pytest

pytestmark = pytest.mark.slow


def test_the_printed_link_opens_the_studio_and_its_list(start_studio, start_program, new_run, tmp_path):
    new_run(tmp_path / "runs" / "first")
    studio = start_studio(start=start_program)
    answer = studio.ask()
    assert answer.status == 200
    assert [row["id"] for row in answer.json["runs"]] == ["first"]


@pytest.mark.browser
def test_the_page_shows_the_runs(start_studio, new_run, open_page, tmp_path):
    new_run(tmp_path / "runs" / "first")
    opened = open_page(start_studio())
    opened.page.get_by_role("link", name="first").wait_for()
    assert "token" not in opened.page.url
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", ["/runs/%E0%A4%A", "/compare/%/%E0", "/trainings/%"])
def test_an_address_that_is_no_text_is_said_in_one_line(start_studio, open_page, tmp_path, path):
    opened = open_page(start_studio(), path)
    said = opened.page.get_by_role("alert")
    said.wait_for()
    assert "next:" in said.inner_text().lower()
    assert said.get_by_role("link", name="All runs").is_visible()
    assert not [each for each in opened.complaints if "404" not in each]
