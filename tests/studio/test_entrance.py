"""The link of another person: who is in a studio already is asked before they become somebody else."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from cutaway.studio import Person

VISIT = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.fixture
def classroom(in_process, tmp_path):
    people = [Person("", tmp_path / "runs")]
    people += [Person(name, tmp_path / "runs" / name) for name in ("ada", "bob & <i>")]
    for person in people:
        person.runs.mkdir(parents=True, exist_ok=True)
    return in_process(people=tuple(people))


def links_of(answer):
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert "<i>" not in answer.body.decode()
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', answer.body.decode())]


def test_who_follows_the_link_of_another_person_is_asked(classroom):
    _, ada, bob = classroom.settings.people
    asked = classroom.ask("/train", query=f"data=digits&token={bob.token}", token=ada.token)
    stay, go = links_of(asked)
    assert stay == "./train?data=digits"
    query = urlsplit(go).query
    answer = classroom.ask("/train", query=query, token=ada.token)
    assert (answer.status, answer.headers["location"]) == (303, "./train?data=digits")
    assert answer.headers["set-cookie"].startswith(f"cutaway-8765={bob.token};")


def test_nobody_else_can_answer_for_them(classroom):
    owner, ada, bob = classroom.settings.people
    asked = classroom.ask("/", query=f"token={bob.token}", token=ada.token)
    proof = dict(parse_qsl(urlsplit(links_of(asked)[1]).query))["switch"]
    for switch in ("", "yes", proof[:-1], "0" * 64):
        links_of(classroom.ask("/", query=f"token={bob.token}&switch={switch}", token=ada.token))
    links_of(classroom.ask("/", query=f"token={bob.token}&switch={proof}", token=owner.token))
    # what comes from another site has no cookie; it comes once more, with its cookie and without an answer of others
    (again,) = links_of(classroom.ask("/", query=f"token={bob.token}&switch={proof}&x=1", headers=VISIT, token=""))
    assert again == f"./?x=1&token={bob.token}"


@pytest.mark.parametrize("cookie", ["", "x" * 43, "own"])
def test_who_is_not_in_or_has_the_link_already_comes_in(classroom, cookie):
    ada = classroom.settings.people[1]
    cookie = ada.token if cookie == "own" else cookie
    answer = classroom.ask("/", query=f"token={ada.token}", token=cookie)
    assert answer.status == 303
    assert answer.headers["set-cookie"].startswith(f"cutaway-8765={ada.token};")


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.browser
def test_a_link_on_another_site_asks_as_well(start_studio, browser, tmp_path):
    studio = start_studio(None, "--students", "2", "--own-folders", links=3)
    bob = studio.printed[-1].split("token=")[1].strip()
    mail = f'<a href="{studio.url}/?token={bob}">look</a>'
    context = browser.new_context()
    page = context.new_page()
    page.route("http://mail.example/", lambda route: route.fulfill(content_type="text/html", body=mail))
    page.goto(studio.link)
    page.wait_for_selector("html[data-ready]")
    for choice, person in (("Stay the one who started it", studio.token), ("Go on as student-02", bob)):
        page.goto("http://mail.example/")
        page.get_by_role("link", name="look").click()
        page.get_by_role("heading", name="This is the link of student-02").wait_for()
        with page.expect_navigation():
            page.get_by_role("link", name=choice).click()
        page.wait_for_selector("html[data-ready]")
        assert [cookie["value"] for cookie in context.cookies()] == [person]
        assert "token" not in page.url
    context.close()
