"""The site in a real browser, from disk: no network requests, no console messages, and every page fits a phone."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]  # the site is built for them


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_opens_without_messages_and_fits(browser, site, pages, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: messages.append(str(error)))
    # the playground makes its worker of a text of its own
    own = ("file:", "blob:null/")
    page.on("request", lambda request: None if request.url.startswith(own) else requests.append(request.url))
    for name in pages:
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    page.goto((site / "search.html").as_uri() + "?q=perplexity")
    page.wait_for_selector("#search-results li a")
    assert messages == []
    assert requests == []
    page.close()
