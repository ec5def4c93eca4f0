"""Fixing labels in Chromium: find, decide with the keyboard, train again, and see what it changed."""

import shutil

import pytest

import cutaway as ct
from cutaway.data import read_decisions

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHEET = "document.querySelector('.label-sheet')?.sheet"


def decisions(studio, run="first"):
    path = studio.folder / run / "labels.csv"
    return [(each.sample, each.action, each.label) for each in read_decisions(path)] if path.exists() else []


def eventually(opened, given, expected):
    """Wait until a function gives what is expected."""
    for _ in range(2000):
        if given() == expected:
            return
        opened.page.wait_for_timeout(50)
    assert given() == expected


def decide_on_second(opened, key):
    """Go to the second label with the keyboard, and decide."""
    opened.page.locator(".label-issue").first.focus()
    opened.page.keyboard.press("n")
    opened.page.keyboard.press(key)


@pytest.fixture(scope="module")
def folds(trained, tmp_path_factory):
    """The trainings of label issues of the first run: they take longer than all else."""
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("folds") / "runs")
    ct.open_run(folder / "first").label_issues(folds=2, seeds=1, progress=False)
    return folder


@pytest.fixture
def shown(open_page, own_studio, folds):
    """The page of the label issues of the first run, which were found before."""
    shutil.copytree(folds / "first", own_studio.folder / "first", dirs_exist_ok=True)
    ct.open_run(own_studio.folder / "first").label_issues(folds=2, seeds=1, progress=False)
    opened = open_page(own_studio, "/runs/first/label-issues")
    opened.wait(SHEET, seconds=400)
    return opened


def label_issues(opened):
    return opened.page.evaluate(f"{SHEET}.record.issues")


@pytest.mark.exhaustive
def test_label_issues_are_found_with_progress(open_page, own_studio):
    opened = open_page(own_studio, "/runs/first/label-issues")
    opened.page.get_by_role("button", name="Find label issues").click(timeout=400_000)
    opened.wait("document.querySelector('.work-line progress')")
    opened.wait(SHEET, seconds=400)
    assert opened.page.locator(".label-issue").count() > 20
    opened.wait("document.activeElement === document.querySelector('.label-issue')", seconds=60)
    opened.page.keyboard.press("k")
    eventually(opened, lambda: decisions(own_studio), [(label_issues(opened)[0]["sample"], "keep", None)])
    opened.open("/runs/first/label-issues")
    opened.wait("document.activeElement === document.querySelectorAll('.label-issue')[1]", seconds=60)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_each_decision_is_kept_at_once_and_taken_back(shown, own_studio):
    known = label_issues(shown)
    names = ct.open_run(own_studio.folder / "first").context.class_names
    # an answer that was read before a decision was saved arrives after it
    shown.page.evaluate("""() => { const ask = fetch; fetch = async (...given) => {
        const answer = await ask(...given);
        if (given[1]?.method !== "POST") await new Promise((after) => setTimeout(after, 500));
        return answer; }; }""")
    shown.page.locator(".label-issue").first.focus()
    shown.page.keyboard.press("k")
    shown.page.keyboard.press("r")
    shown.page.keyboard.press("d")
    expected = [
        (known[0]["sample"], "keep", None),
        (known[1]["sample"], "relabel", names[known[1]["suggested"]]),
        (known[2]["sample"], "drop", None),
    ]
    eventually(shown, lambda: decisions(own_studio), expected)
    shown.wait("document.querySelector('.sheet-counts').textContent.endsWith('1 kept, 1 relabeled, 1 dropped')")
    shown.page.wait_for_timeout(1000)  # everything read before has arrived
    shown.page.keyboard.press("u")
    shown.page.keyboard.press("u")
    eventually(shown, lambda: decisions(own_studio), expected[:1])
    shown.wait(
        "/^1 of .* decided: 1 kept, 0 relabeled, 0 dropped$/.test(document.querySelector('.sheet-counts').textContent)"
    )
    shown.check_quiet()


@pytest.mark.exhaustive
def test_the_label_that_has_the_focus_is_above_the_bar_that_trains_again(shown):
    decide_on_second(shown, "d")
    shown.wait("document.querySelector('.train-again').hidden === false")
    gaps = []
    for _ in range(12):
        shown.page.keyboard.press("n")
        shown.page.wait_for_timeout(50)
        label, bar = "document.activeElement.getBoundingClientRect()", "document.querySelector('.train-again')"
        gaps.append(shown.page.evaluate(f"{bar}.getBoundingClientRect().top - {label}.bottom"))
    assert min(gaps) > 0


@pytest.mark.exhaustive
def test_decisions_of_another_page_are_shown_and_a_conflict_is_said(shown, open_page, own_studio):
    other = open_page(own_studio, "/runs/first/label-issues")
    other.wait(SHEET, seconds=60)
    shown.page.locator(".label-issue").first.focus()
    shown.page.keyboard.press("d")
    other.wait("document.querySelector('.label-issue').dataset.decided === 'drop'")
    # a decision in between, of which no page was told
    name = label_issues(shown)[1]["sample"]
    run = ct.open_run(own_studio.folder / "first")
    run.decide(ct.Decision(name, "keep"))
    decide_on_second(other, "d")
    said = "document.querySelector('.studio-message.error')?.textContent.includes('decided meanwhile')"
    other.wait(said, seconds=100)
    other.wait("document.querySelectorAll('.label-issue')[1].dataset.decided === 'keep'")
    assert decisions(own_studio)[-1] == (name, "keep", None)
    decide_on_second(other, "d")
    eventually(other, lambda: decisions(own_studio)[-1], (name, "drop", None))
    shown.wait("document.querySelectorAll('.label-issue')[1].dataset.decided === 'drop'")
    assert other.foreign == []


@pytest.mark.exhaustive
def test_a_training_waits_for_decisions_that_are_on_their_way(shown, own_studio):
    page, held, asked = shown.page, [], []
    page.locator(".label-issue").first.focus()
    page.keyboard.press("r")
    shown.wait("document.querySelector('.train-again button')?.disabled === false")
    page.route(
        "**/decisions", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    page.route("**/api/trainings", lambda route: asked.append(decisions(own_studio)) or route.fulfill(json={}))
    page.keyboard.press("r")
    page.get_by_role("button", name="Train again from the same seed with these decisions").click()
    eventually(shown, lambda: len(held), 1)
    page.wait_for_timeout(500)
    assert (len(held), asked) == (1, []), "the second decision is on the screen and not in the file"
    held[0].continue_()
    eventually(shown, lambda: [len(each) for each in asked], [2])


@pytest.mark.exhaustive
def test_training_again_with_the_decisions_and_what_it_changed(shown, own_studio):
    shown.page.locator(".label-issue").first.focus()
    for key in "rrrrd":
        shown.page.keyboard.press(key)
    again = shown.page.get_by_role("button", name="Train again from the same seed with these decisions")
    eventually(shown, lambda: len(decisions(own_studio)), 5)
    shown.wait("!document.querySelector('.train-again button').disabled")
    again.click()
    link = shown.page.get_by_role("link", name="See what it changed, sample by sample")
    link.wait_for(timeout=400_000)
    (made,) = {path.name for path in own_studio.folder.glob("2*")}
    run, before = ct.open_run(own_studio.folder / made), ct.open_run(own_studio.folder / "first")
    assert run.context.manifest.seed == before.context.manifest.seed
    assert len(run.split.dropped) == 1
    assert len(run.context.manifest.dataset.relabeled) == 4
    shown.open("/runs/first/label-issues")  # it offers another training after another decision
    link.wait_for()
    assert "primary" not in again.get_attribute("class")
    shown.wait("document.activeElement.classList.contains('label-issue')", seconds=60)
    shown.page.keyboard.press("k")
    shown.wait("document.querySelector('.train-again button').className === 'primary'")
    shown.page.get_by_role("link", name="See what the last training changed").click()
    shown.page.wait_for_url(f"**/compare/first/{made}**")
    shown.wait("document.querySelector('.comparison section')", seconds=400)
    assert "relabeled samples" in shown.page.locator(".comparison").inner_text()
    shown.check_quiet()


@pytest.mark.exhaustive
def test_a_remedy_is_tried(open_page, own_studio):
    settings = {"epochs": 3, "batch_size": 32, "learning_rate": 1e-5, "seed": 0}
    slow = ct.train(ct.mlp((16,)), "digits", runs=own_studio.folder, progress=False, **settings)
    slow.path.rename(own_studio.folder / "slow")
    opened = open_page(own_studio, "/runs/slow")
    place = opened.page.locator("[data-remedy=stalled]")
    place.wait_for(state="attached", timeout=400_000)
    opened.page.evaluate("location.hash = document.querySelector('[data-remedy=stalled]').closest('[id]').id")
    place.get_by_role("button", name="Try it").click()
    place.locator(".remedy-words").wait_for(timeout=400_000)
    assert place.locator(".severity.good").is_visible()
    opened.check_quiet()
