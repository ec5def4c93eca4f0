"""Digits that people draw: bounded, nobody's but their own, tested on and made into data sets without names."""

import base64
import json
from types import SimpleNamespace

import numpy as np
import pytest

import cutaway as ct
from cutaway.data import split_and_prepare
from cutaway.errors import RunError, UsageError
from cutaway.jobs import DATA_SETS, MOST, ClassDigits, Digits
from cutaway.jobs.class_digits import DIGITS, check_learnable, data_set, write_data_set
from cutaway.studio import make_people


def pixels(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (28, 28), dtype=np.uint8)


def drawn(label, seed=0):
    return {"label": label, "pixels": base64.b64encode(pixels(seed).tobytes()).decode()}


@pytest.fixture
def classroom(in_process, tmp_path, monkeypatch):
    """A studio with two students, of whom only Ada has a folder that she may write."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ada = make_people(tmp_path / "runs", ["Ada"], own_folders=True)
    eve = make_people(tmp_path / "runs", ["Eve"])
    return in_process(people=(*ada, eve[1]))


def ask(studio, person, method="GET", body=None, path="/api/digits", query=""):
    token = next(each.token for each in studio.settings.people if each.name == person)
    return studio.ask(path, method=method, body=json.dumps(body).encode() if body else b"", query=query, token=token)


def files(studio):
    folder = studio.settings.people[0].runs / DIGITS
    return {file.name for file in folder.glob("*.npz")} if folder.exists() else set()


def test_everybody_gives_their_own_and_takes_the_last_one_back(classroom):
    assert ask(classroom, "Ada").json == {"labels": [], "pixels": "", "most": MOST}
    ask(classroom, "Ada", "POST", drawn(3, seed=1))
    assert ask(classroom, "Ada", "POST", drawn(7, seed=2)).json["labels"] == [3, 7]
    assert ask(classroom, "Eve", "POST", drawn(1)).status == 200, "who only looks may draw"
    ask(classroom, "", "POST", drawn(9))
    assert files(classroom) == {"Ada.npz", "Eve.npz", "_.npz"}
    given = ask(classroom, "Ada").json
    assert base64.b64decode(given["pixels"]) == pixels(1).tobytes() + pixels(2).tobytes()
    assert ask(classroom, "Ada", "DELETE").json["labels"] == [3]
    assert ask(classroom, "Ada", "DELETE").json["labels"] == []
    assert ask(classroom, "Ada", "DELETE").json["labels"] == []
    assert files(classroom) == {"Eve.npz", "_.npz"}


def test_a_file_is_what_load_dataset_reads(classroom):
    for label in range(10):
        ask(classroom, "Ada", "POST", drawn(label, seed=label))
        ask(classroom, "Ada", "POST", drawn(label, seed=10 + label))
    data = ct.load_dataset(classroom.settings.people[0].runs / DIGITS / "Ada.npz")
    x = data.sources["train"].x
    assert (x.shape, x.dtype, data.class_names) == ((20, 28, 28), np.uint8, tuple("0123456789"))
    np.testing.assert_array_equal(x[2], pixels(1))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**drawn(3), "label": 17}, 422),
        ({**drawn(3), "label": -1}, 422),
        ({**drawn(3), "label": "3"}, 422),
        ({**drawn(3), "label": True}, 422),
        ({**drawn(3), "person": "Eve"}, 422),
        ({"label": 3, "pixels": "<script>"}, 422),
        ({"label": 3, "pixels": base64.b64encode(bytes(783)).decode()}, 400),
        ({"label": 3, "pixels": base64.b64encode(b"1" * 785).decode()}, 400),
        ({"label": 3, "pixels": base64.b64encode(b"1" * 28 * 28 * 600).decode()}, 400),
        ({"label": 3, "pixels": base64.b64encode(bytes(784)).decode()}, 400),
        ([drawn(3)] * 600, 422),
        ([drawn(3)] * 10_000, 413),
    ],
)
def test_what_is_no_digit_is_refused(classroom, body, status):
    length = {"content-length": str(len(json.dumps(body)))}
    token = classroom.settings.people[1].token
    answer = classroom.ask("/api/digits", method="POST", body=json.dumps(body).encode(), token=token, headers=length)
    assert answer.status == status
    assert files(classroom) == set()


def test_a_person_gives_at_most_a_hundred(classroom):
    digits = ClassDigits(classroom.settings.people[0].runs)
    for seed in range(MOST):
        digits.add("Ada", pixels(seed).tobytes(), seed % 10)
    answer = ask(classroom, "Ada", "POST", drawn(3))
    assert (answer.status, answer.json["got"]) == (400, "one more")
    assert len(digits.read("Ada")) == MOST


def test_the_teacher_sees_all_and_removes_one(classroom):
    ask(classroom, "Ada", "POST", drawn(3, seed=1))
    ask(classroom, "Ada", "POST", drawn(7, seed=2))
    ask(classroom, "", "POST", drawn(9))
    every = ask(classroom, "", path="/api/class/digits").json
    assert [(each["person"], each["labels"]) for each in every["people"]] == [("", [9]), ("Ada", [3, 7])]
    first = every["people"][1]["names"][0]
    removed = ask(classroom, "", "DELETE", path="/api/class/digits", query=f"person=Ada&digit={first}")
    assert removed.json == {"left": 1}
    assert ask(classroom, "Ada").json["labels"] == [7]
    for query in (f"person=Ada&digit={first}", f"person=..%2FAda&digit={first}", f"person=Bob&digit={first}"):
        assert ask(classroom, "", "DELETE", path="/api/class/digits", query=query).status == 404


@pytest.mark.parametrize(
    ("path", "method", "query"),
    [
        ("/api/class/digits", "GET", ""),
        ("/api/class/digits", "DELETE", "person=Ada&digit=x"),
        ("/api/class/data/class-digits.npz", "DELETE", ""),
    ],
)
def test_students_see_and_remove_nothing_of_others(classroom, path, method, query):
    answer = ask(classroom, "Ada", method, path=path, query=query)
    assert (answer.status, "only the one who started the studio" in answer.json["error"]) == (400, True)
    assert ask(classroom, "Eve", method, path=path, query=query).status in (400, 403)


def test_students_ask_for_no_job_on_the_digits_of_the_class(classroom):
    ask(classroom, "", "POST", drawn(9))
    for kind in ("digits-test", "digits-data"):
        eve = next(each.token for each in classroom.settings.people if each.name == "Eve")
        assert classroom.ask_for(kind, token=eve, run="x", wish="1").status == 403
    with pytest.raises(UsageError, match="holds some"):  # a student with a folder of runs asks in that folder
        data_set(ClassDigits(classroom.settings.people[1].runs).readable()[0])


def damaged(path, name):
    x, y = np.ones((2, 28, 28), np.uint8), np.array([1, 2], np.uint8)
    arrays = {
        "shape": {"x_train": x[:, :27], "y_train": y},
        "dtype": {"x_train": x.astype(np.float32), "y_train": y},
        "label": {"x_train": x, "y_train": np.array([1, 17], np.uint8)},
        "length": {"x_train": x, "y_train": y[:1]},
        "flat": {"x_train": x, "y_train": y[:, None]},
        "many": {"x_train": np.ones((MOST + 1, 28, 28), np.uint8), "y_train": np.ones(MOST + 1, np.uint8)},
        "none": {"x_train": x[:0], "y_train": y[:0]},
        "one label": {"x_train": x, "y_train": np.uint8(3)},
        "one pixel": {"x_train": np.uint8(3), "y_train": y},
        "nothing": {"other": x},
        "objects": {"x_train": np.array([{}, {}], object), "y_train": y},
    }
    if name in arrays:
        np.savez(path, **arrays[name])
    else:
        path.write_bytes({"empty": b"", "text": b"PK no zip", "large": bytes(2 << 20)}[name])


NAMES = ("shape", "dtype", "label", "length", "flat", "one label", "one pixel", "many", "none", "nothing", "objects")
NAMES += ("empty", "text", "large")


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_named_in_a_line_and_never_overwritten(classroom, name):
    ask(classroom, "", "POST", drawn(9))
    file = classroom.settings.people[0].runs / DIGITS / "Ada.npz"
    damaged(file, name)
    before = file.read_bytes()
    for method, body in (("GET", None), ("POST", drawn(3)), ("DELETE", None)):
        answer = ask(classroom, "Ada", method, body)
        assert answer.status == 409
        assert "Ada.npz holds digits as the studio wrote them" in answer.json["error"]
        assert "\n" not in answer.json["error"]
        assert str(classroom.settings.people[0].runs) not in answer.json["error"]
    every = ask(classroom, "", path="/api/class/digits").json
    assert [each["person"] for each in every["people"]] == [""], "what others have drawn is still there"
    assert len(every["problems"]) == 1
    assert file.read_bytes() == before


def test_links_are_not_followed(classroom, tmp_path):
    folder = classroom.settings.people[0].runs / DIGITS
    ask(classroom, "", "POST", drawn(9))
    outside = tmp_path / "outside.npz"
    np.savez(outside, x_train=pixels()[None], y_train=np.array([1], np.uint8))
    (folder / "Ada.npz").symlink_to(outside)
    before = outside.read_bytes()
    assert ask(classroom, "Ada", "POST", drawn(3)).status == 409
    assert [each["person"] for each in ask(classroom, "", path="/api/class/digits").json["people"]] == [""]
    assert outside.read_bytes() == before
    (folder / "_.npz").unlink()
    (folder / "Ada.npz").unlink()
    for rest in folder.iterdir():
        rest.unlink()
    folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)
    assert ask(classroom, "Ada", "POST", drawn(3)).status == 409
    assert not list(elsewhere.iterdir())


def some(*labels, seed=0):
    return Digits(np.stack([pixels(seed + k) for k in range(len(labels))]), np.array(labels, np.uint8))


def test_a_data_set_is_split_by_person():
    people = {f"p{k}": some(*range(10), seed=10 * k) for k in range(7)}
    arrays, held_out = data_set(people)
    assert (held_out, len(arrays["y_test"]), len(arrays["y_train"])) == (2, 20, 50)
    owner = {each.tobytes(): name for name, digits in people.items() for each in digits.pixels}
    trained, tested = ({owner[each.tobytes()] for each in arrays[part]} for part in ("x_train", "x_test"))
    assert (len(trained), len(tested), trained & tested) == (5, 2, set())
    one, nobody = data_set({"p": people["p0"], "q": Digits.of()})
    assert (set(one), nobody) == ({"x_train", "y_train"}, 0)


def test_a_data_set_that_cannot_be_learned_from_is_refused():
    with pytest.raises(UsageError, match="none"):
        data_set({})
    for labels, words in (([3] * 9, "9 times 3"), ([3] * 9 + [4] * 2, "2 times 4"), ([3, 4] * 4, "8 in all")):
        with pytest.raises(UsageError, match=words):
            check_learnable({"y_train": np.array(labels)})
    with pytest.raises(UsageError, match="no 5 among them"):
        check_learnable({"y_train": np.array([3, 4] * 9), "y_test": np.array([3, 5])})


def test_the_smallest_data_set_can_be_trained_on(tmp_path):
    for held_out in (0, 10):
        labels = np.repeat(np.arange(10, dtype=np.uint8), [3, 7] * 5)
        x = np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8)
        arrays = {"x_train": x, "y_train": labels}
        if held_out:
            arrays |= {"x_test": x[:3] // 2, "y_test": labels[:3]}
        check_learnable(arrays)
        np.savez(tmp_path / "set.npz", **arrays)
        split, _ = split_and_prepare(ct.load_dataset(tmp_path / "set.npz"), validation=0.25)
        assert min(len(split.train), len(split.val), len(split.test)) > 0


def test_data_sets_never_replace_each_other_and_are_bounded(tmp_path):
    arrays, _ = data_set({"a": some(1, 2)})
    names = [write_data_set(tmp_path, "class-digits", arrays) for _ in range(20)]
    assert names[:3] == ["class-digits.npz", "class-digits-2.npz", "class-digits-3.npz"]
    assert len(set(names)) == 20
    with pytest.raises(RunError, match="at most 20"):
        write_data_set(tmp_path, "class-digits", arrays)


def test_a_data_set_of_the_class_is_data_for_everybody(classroom):
    runs = classroom.settings.people[0].runs
    name = write_data_set(runs, "class-digits", data_set({"a": some(*range(10), *range(10))})[0])
    assert [each["name"] for each in ask(classroom, "Ada", path="/api/data").json["class"]] == [name]
    question = {"task": {"kind": "train", "data": {"place": "class", "name": name}}, "samples": 20}
    assert ask(classroom, "Ada", "POST", question, path="/api/trainings/check").json["errors"] == {}
    for wrong in ("../digits/_.npz", "../../people", ".class-digits.lock", "", "x.npz"):
        question["task"]["data"]["name"] = wrong
        assert ask(classroom, "Ada", "POST", question, path="/api/trainings/check").status == 404
    assert ask(classroom, "", "DELETE", path=f"/api/class/data/{name}").json == {"data": []}
    assert not list((runs / DATA_SETS).glob("*.npz"))


def draw_on(page):
    """A stroke from the top of the sheet to its bottom."""
    page.page.locator("canvas.drawing-sheet").scroll_into_view_if_needed()
    box = page.page.locator("canvas.drawing-sheet").bounding_box()
    mouse = page.page.mouse
    mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    mouse.up()
    page.wait("document.querySelector('.digit-side .main').getAttribute('aria-disabled') === 'false'")


def open_as(open_page, studio, person):
    """The page of digits as a person sees it; "" for the one who started the studio."""
    number = 0 if not person else int(person[-2:])
    link = [line.split()[-1] for line in studio.printed if "token=" in line][number]
    page = open_page(SimpleNamespace(url=studio.url, link=link), "/digits")
    assert page.page.evaluate("document.documentElement.dataset.person") == person
    return page


@pytest.fixture
def students(start_studio, tmp_path):
    (tmp_path / "runs").mkdir()
    return start_studio(tmp_path / "runs", "--students", "2", "--own-folders", links=3)


@pytest.mark.slow
@pytest.mark.browser
def test_a_digit_that_a_student_draws_is_counted_and_seen_by_the_teacher(students, open_page):
    from axe_playwright_python.sync_playwright import Axe

    page = open_as(open_page, students, "student-01")
    draw_on(page)
    page.page.get_by_role("button", name="Give this digit").click()
    page.wait("document.querySelector('.digit-side [role=status]').textContent.includes('drawn 1 digit')")
    assert page.page.get_by_role("button", name="0, 1 drawn").count() == 1
    assert page.page.get_by_role("heading", name="Draw a 1").count() == 1
    assert page.page.get_by_role("heading", name="Collected").count() == 0
    found = Axe().run(page.page)
    assert [each["id"] for each in found.response["violations"] if each["impact"] in ("serious", "critical")] == []
    page.check_quiet()
    kept = ClassDigits(students.folder).read("student-01")
    assert kept.labels.tolist() == [0]
    digit = kept.pixels[0].astype(float)
    rows = np.flatnonzero(digit.any(axis=1))
    assert rows.max() - rows.min() == 19, "scaled into 20 pixels, as MNIST's digits"
    center = [(digit.sum(axis=1 - axis) * np.arange(28)).sum() / digit.sum() for axis in (0, 1)]
    assert np.abs(np.array(center) - 14).max() < 1

    teacher = open_as(open_page, students, "")
    assert teacher.page.locator("details[data-person='student-01'] .sample").count() == 1
    teacher.page.get_by_role("button", name="Remove the 0 of student-01").click()
    teacher.page.get_by_role("dialog").get_by_role("button", name="Remove this 0").click()
    teacher.wait("!document.querySelector('details[data-person]')")
    teacher.check_quiet()
    assert ClassDigits(students.folder).people() == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_data_set_of_the_class_is_chosen_in_the_form_for_a_training(students, open_page):
    x, y = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8), np.arange(20) % 10
    write_data_set(students.folder, "class-digits", {"x_train": x, "y_train": y})
    page = open_as(open_page, students, "student-01")
    page.open("/train")
    page.page.select_option("#train-data", label="class-digits.npz")
    page.page.wait_for_url("**/train?data=class*", wait_until="commit")
    page.ready()
    assert page.page.locator("#train-data option:checked").text_content() == "class-digits.npz"
    assert page.page.locator("#train-data option", has_text="class-digits.npz").count() == 1
    assert "centering" in page.page.url, "as on the page of data"
    page.check_quiet()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.exhaustive
def test_the_teacher_tests_a_run_and_makes_a_data_set(start_studio, open_page, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    runs, mnist = tmp_path / "runs", ct.load_dataset("mnist").sources["test"]
    np.savez(tmp_path / "some.npz", x_train=mnist.x[:600], y_train=mnist.y[:600])
    run = ct.train(ct.mlp((8,)), str(tmp_path / "some.npz"), epochs=1, seed=0, runs=runs, progress=False)
    of_label = [600 + np.flatnonzero(mnist.y[600:] == label) for label in range(10)]
    places = {f"student-0{n}": [k for each in of_label for k in each[5 * n : 5 * n + 5]] for n in (1, 2)}
    for person, own in places.items():
        for k in own:
            ClassDigits(runs).add(person, mnist.x[k].tobytes(), int(mnist.y[k]))
    studio = start_studio(runs, "--students", "2", "--own-folders", links=3)
    page = open_as(open_page, studio, "")
    page.page.get_by_role("button", name="Test", exact=True).click()
    page.wait("document.querySelector('.digit-test .answer')", seconds=60)
    every = [k for own in places.values() for k in own]
    right = int((run.predict(mnist.x[every]).argmax(axis=1) == mnist.y[every]).sum())
    assert page.page.locator(".digit-test .answer").text_content().startswith(f"{right} of 100 right")
    assert page.page.locator(".digit-mistakes .sample").count() == 100 - right
    page.page.get_by_role("button", name="Make a data set").click()
    page.wait("document.querySelector('.class-data a')", seconds=60)
    found = Axe().run(page.page)
    assert [each["id"] for each in found.response["violations"] if each["impact"] in ("serious", "critical")] == []
    page.check_quiet()

    student = open_as(open_page, studio, "student-01")
    student.open("/data")
    student.page.get_by_role("link", name="class-digits.npz").click()
    student.ready()
    student.wait("document.querySelector('.subtitle').textContent.startsWith('100 samples of 28 x 28')", seconds=60)
    student.page.get_by_role("link", name="Train on these data").click()
    student.ready()
    assert student.page.locator("#train-data option:checked").text_content() == "class-digits.npz"
    student.check_quiet()
