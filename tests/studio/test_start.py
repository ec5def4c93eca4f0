"""`cutaway studio` starts, is reached, and ends."""

import signal
import socket
import time

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive)])
def test_the_printed_link_opens_the_studio_and_a_signal_ends_it_while_pages_listen(
    start_studio, new_run, tmp_path, number
):
    new_run(tmp_path / "runs" / "first")
    studio = start_studio()
    assert [row["id"] for row in studio.ask().json["runs"]] == ["first"]
    pages = [socket.create_connection((studio.host, studio.port), timeout=20) for _ in range(10)]
    for page in pages:
        page.sendall(f"GET /api/events HTTP/1.1\r\nhost: {studio.host}:{studio.port}\r\n".encode())
        page.sendall(f"cookie: {studio.cookie}\r\n\r\n".encode())
        assert b" 200 " in page.recv(100)
    start = time.monotonic()
    assert studio.end(number) == (0, "")
    assert time.monotonic() - start < 10, "it waits for no stream"
    assert not list((tmp_path / "cache").rglob("*.tmp"))
    for page in pages:
        page.close()


@pytest.mark.exhaustive
@pytest.mark.browser
@pytest.mark.parametrize("path", ["/runs/%E0%A4%A", "/compare/%/%E0", "/trainings/%"])
def test_an_address_that_is_no_text_is_said_in_one_line(start_studio, open_page, path):
    opened = open_page(start_studio())
    opened.open(path)
    said = opened.page.get_by_role("alert")
    said.wait_for()
    assert "next:" in said.inner_text().lower()
    assert said.get_by_role("link", name="All runs").is_visible()
    assert not [each for each in opened.complaints if "404" not in each]
