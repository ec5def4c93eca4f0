"""Data are chosen, looked at, changed by click and uploaded in a browser."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from cutaway.runs import RunFolder
from tests.workbooks import xlsx

pytestmark = [pytest.mark.slow, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)>"
TABLE = f"{HOSTILE},size,kind\n" + "".join(
    f"{i & 3},{(i * 37 & 127) / 10},{'<b>left</b>' if i * 37 & 127 < 64 else 'right'}\n" for i in range(300)
)


@pytest.fixture
def data(tmp_path):
    """A folder with a table whose names are markup, in a folder below it."""
    folder = tmp_path / "data"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "<i>odd<i>.csv").write_text(TABLE)
    (folder / "broken.csv").write_text("a,b\n1\n2,3,4\n")
    return folder


def looked(opened, more_than=0):
    """Wait until what was found is there."""
    opened.wait(f"Number(document.querySelector('.data-body')?.dataset.looked ?? 0) > {more_than}", seconds=60)
    return opened.page.evaluate("Number(document.querySelector('.data-body').dataset.looked)")


def chosen_in(address):
    """The options in an address."""
    return json.loads(parse_qs(urlsplit(address).query)["options"][0])


def hold_looks(opened):
    """Slow the server down: looks at data wait until they are let through; returns those that wait."""
    held = []
    opened.page.route("**/api/jobs/survey", lambda route: held.append(route))  # Playwright marks what it is given
    return held


def let_through(opened, held):
    for route in held:
        route.continue_()
    opened.page.unroute("**/api/jobs/survey")  # the page asks again until the data have been read


def uses(opened):
    rows = opened.page.locator(".column-table tbody tr")
    return {
        rows.nth(k).get_attribute("data-column"): rows.nth(k).get_attribute("data-use") for k in range(rows.count())
    }


def trained(opened, studio):
    """Train an epoch on the data that are shown, and wait; the manifest of the run."""
    opened.page.get_by_role("link", name="Train on these data").click()
    opened.ready()
    opened.page.fill("#setting-epochs", "1")
    opened.page.get_by_role("button", name="Start training").click()
    opened.page.wait_for_url("**/runs/*", timeout=120_000)
    opened.ready()
    opened.wait("document.querySelector('.live')?.dataset.state === 'finished'", seconds=120)
    return RunFolder.open(studio.folder / opened.page.url.rpartition("/")[2]).manifest


@pytest.mark.exhaustive
def test_a_table_of_this_machine_is_chosen_changed_by_click_and_trained_on(start_studio, open_page, data):
    studio = start_studio(None, "--data", data)
    opened = open_page(studio, "/data")
    opened.page.get_by_role("link", name="tables/").click()
    opened.page.get_by_role("link", name="<i>odd<i>.csv").click()
    opened.ready()
    count = looked(opened)
    assert uses(opened) == {HOSTILE: "feature", "size": "feature", "kind": "label"}
    assert opened.page.inner_text("#studioView h1") == "<i>odd<i>.csv"
    # "size" alone tells the class: said before any training
    assert 'Is "size" known before the outcome?' in opened.page.inner_text(".data-findings")
    opened.page.get_by_label(f"Use of the column {HOSTILE}").select_option("category")
    count = looked(opened, count)
    assert uses(opened)[HOSTILE] == "category"
    row = opened.page.locator(".column-table tbody tr").first
    assert row.locator(".treatment").inner_text() == "one-hot"
    opened.page.get_by_label("Use of the column size").select_option("ignore")
    count = looked(opened, count)
    assert uses(opened)["size"] == "ignore"
    assert "known before the outcome?" not in opened.page.inner_text(".data-findings")
    opened.page.reload()  # what was chosen is in the address
    opened.ready()
    looked(opened)
    assert uses(opened) == {HOSTILE: "category", "size": "ignore", "kind": "label"}
    manifest = trained(opened, studio)
    steps = [step["column"] for step in manifest.dataset.preparation["steps"]]
    assert steps == [HOSTILE]
    assert set(manifest.dataset.class_names) == {"<b>left</b>", "right"}
    opened.check_quiet()


ODD = "/data?data=folder/0/tables/%253Ci%253Eodd%253Ci%253E.csv"


@pytest.mark.exhaustive
def test_choices_made_while_the_server_reads_are_all_kept_and_all_trained_on(start_studio, open_page, data):
    opened = open_page(start_studio(None, "--data", data), ODD)
    page, count = opened.page, looked(opened)
    train = page.get_by_text("Train on these data")
    held = hold_looks(opened)
    page.get_by_label("Use of the column size").select_option("ignore")
    opened.wait("document.querySelector('.data-body').ariaBusy === 'true'")
    wanted = {"label": "kind", "ignore": ["size"]}
    assert chosen_in(train.get_attribute("href")) == chosen_in(page.url) == wanted
    page.get_by_label(f"Use of the column {HOSTILE}").select_option("category")
    page.get_by_label("Unknown numbers").select_option("refuse")
    wanted |= {"category": [HOSTILE], "missing": "refuse"}
    page.get_by_label("Test samples").select_option("0.3")
    wanted["test_share"] = 0.3
    assert chosen_in(train.get_attribute("href")) == chosen_in(page.url) == wanted
    let_through(opened, held)  # the answers to the earlier choices come as well
    looked(opened, count)
    assert uses(opened) == {HOSTILE: "category", "size": "ignore", "kind": "label"}
    held = hold_looks(opened)
    page.get_by_label("Use of the column kind").select_option("ignore")
    page.get_by_label(f"Use of the column {HOSTILE}").select_option("label")
    assert uses(opened) == {HOSTILE: "label", "size": "ignore", "kind": "ignore"}  # what is on the screen is chosen
    assert page.locator(".column-table tbody tr").first.locator(".treatment").inner_text() == "", "not known yet"
    train.click()
    opened.ready()
    let_through(opened, held)
    with page.expect_request(lambda asked: asked.url.endswith("/trainings/check")) as asked:
        page.fill("#setting-epochs", "1")
    said = asked.value.post_data_json["task"]["options"]
    assert said == {"label": HOSTILE, "ignore": ["size", "kind"], "missing": "refuse", "test_share": 0.3}
    opened.check_quiet()


@pytest.mark.exhaustive
def test_choices_that_cannot_be_together_are_taken_back_and_it_is_said(start_studio, open_page, data):
    opened = open_page(start_studio(None, "--data", data), ODD)
    looked(opened)
    before, held = uses(opened), hold_looks(opened)
    opened.page.get_by_label("Use of the column size").select_option("group")
    opened.page.get_by_label(f"Use of the column {HOSTILE}").select_option("time")
    let_through(opened, held)
    opened.wait("document.querySelector('.problem')", seconds=60)
    assert "2" in opened.page.inner_text(".problem")
    assert uses(opened) == before
    assert chosen_in(opened.page.url) == {"label": "kind"}


@pytest.mark.exhaustive
def test_another_table_is_the_test(start_studio, open_page, data):
    name = "<i>later<i>.csv"
    (data / "tables" / name).write_text("".join(TABLE.splitlines(keepends=True)[:61]))
    (data / "tables" / "notes.txt").write_text("no table")
    studio = start_studio(None, "--data", data)
    opened = open_page(studio, "/data?data=folder/0/tables/%253Ci%253Eodd%253Ci%253E.csv")
    count = looked(opened)
    opened.wait("document.querySelectorAll('#data-test optgroup option').length === 1")
    opened.page.get_by_label("Test samples").select_option(label=name)
    looked(opened, count)
    assert "60 for test" in opened.page.inner_text(".subtitle")
    opened.page.reload()  # what was chosen is in the address
    opened.ready()
    looked(opened)
    assert opened.page.locator("#data-test option:checked").inner_text() == name
    manifest = trained(opened, studio)
    assert json.loads(manifest.dataset.origin["options"])["test"] == str(data / "tables" / name)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_label_that_cannot_be_one_is_said_in_its_row(start_studio, open_page, data):
    opened = open_page(start_studio(None, "--data", data), "/data?data=folder/0/tables/%253Ci%253Eodd%253Ci%253E.csv")
    count = looked(opened)
    opened.page.get_by_label("Use of the column size").select_option("label")
    looked(opened, count)
    row = opened.page.locator(".column-table tbody tr").nth(1)
    assert row.locator(".field-wrong").inner_text()
    assert opened.page.get_by_text("Train on these data").get_attribute("href") is None
    opened.page.get_by_label("Use of the column kind").select_option("label")
    looked(opened, count + 1)
    assert opened.page.get_by_text("Train on these data").get_attribute("href")
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [390, 1280])
def test_of_a_wide_table_the_reason_stands_beside_the_button(start_studio, open_page, data, width):
    names = [f"sensor_{k}" for k in range(300)]
    rows = "".join(",".join(f"{(k * j + j) % 97 / 7:.3f}" for k in range(300)) + "\n" for j in range(60))
    (data / "wide.csv").write_text(",".join(names) + "\n" + rows)
    studio = start_studio(None, "--data", data)
    opened = open_page(studio, "/data?data=folder/0/wide.csv", viewport={"width": width, "height": 800})
    count = looked(opened)
    page, train = opened.page, opened.page.get_by_text("Train on these data")

    def check():
        said = page.locator(f"#{train.get_attribute('aria-describedby')}")
        assert (train.get_attribute("href"), train.get_attribute("aria-disabled")) == (None, "true")
        assert said.inner_text()
        gap = said.bounding_box()["y"] - train.bounding_box()["y"] - train.bounding_box()["height"]
        assert 0 <= gap < 40, "it stands below the button, not in a row far below"

    check()
    assert "label" not in uses(opened).values()
    page.get_by_label("Use of the column sensor_299").select_option("label")
    looked(opened, count)
    check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_choice_that_cannot_be_is_said_and_the_last_one_stays(start_studio, open_page, data):
    (data / "gaps.csv").write_text(
        "w,x,kind\n" + "".join(f"{i if i & 3 else ''},{i & 7},{'ab'[i & 1]}\n" for i in range(80))
    )
    opened = open_page(start_studio(None, "--data", data), "/data?data=folder/0/gaps.csv")
    looked(opened)
    before, address = uses(opened), opened.page.url
    use = opened.page.get_by_label("Use of the column w")
    use.select_option("weight")
    opened.wait("document.querySelector('.problem')", seconds=60)
    assert "20" in opened.page.inner_text(".problem")
    assert (uses(opened), use.input_value()) == (before, "feature")
    assert "weight" not in opened.page.url
    assert opened.page.get_by_text("Train on these data").get_attribute("href")
    count = int(opened.page.locator(".data-body").get_attribute("data-looked"))
    opened.page.get_by_label("Use of the column x").select_option("ignore")
    looked(opened, count)
    assert uses(opened) == {**before, "x": "ignore"}
    assert opened.page.locator(".problem").count() == 0
    elsewhere = f"{address}&options=%7B%22label%22%3A%22kind%22%2C%22weight%22%3A%22w%22%7D"
    opened.page.goto(elsewhere)
    opened.ready()
    opened.wait("document.querySelector('.problem')", seconds=60)
    opened.page.get_by_role("link", name="Look at them without these choices").click()
    opened.ready()
    looked(opened)
    assert uses(opened) == before


@pytest.mark.exhaustive
def test_a_damaged_file_is_said_in_one_line(start_studio, open_page, data):
    opened = open_page(start_studio(None, "--data", data), "/data?data=folder/0/broken.csv")
    opened.wait("document.querySelector('.problem')", seconds=60)
    assert str(data) not in opened.page.inner_text("body")
    opened.check_quiet()


def test_a_file_is_uploaded_looked_at_changed_by_click_and_deleted(studio_of, open_page, quiet, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(TABLE)
    studio = studio_of("data")
    opened = open_page(studio, "/data", **quiet)
    opened.page.set_input_files("#upload-file", file)
    opened.page.wait_for_url("**/data?data=upload*", timeout=60_000)
    opened.ready()
    count = looked(opened)
    assert opened.page.inner_text("#studioView .subtitle").startswith("300 ")
    assert uses(opened) == {HOSTILE: "feature", "size": "feature", "kind": "label"}
    opened.page.get_by_label("Use of the column size").select_option("ignore")
    looked(opened, count)
    assert uses(opened) == {HOSTILE: "feature", "size": "ignore", "kind": "label"}
    assert chosen_in(opened.page.url) == {"label": "kind", "ignore": ["size"]}
    assert opened.page.get_by_text("Train on these data").get_attribute("href")
    opened.open("/data")
    assert opened.page.get_by_role("link", name="mine.csv").is_visible()
    opened.page.get_by_role("button", name="Delete mine.csv").click()
    opened.wait("!document.querySelector('#studioView').textContent.includes('mine.csv')")
    assert studio.ask("/api/data").json["uploads"] == []
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_file_of_another_kind_is_refused_in_words(start_studio, open_page, tmp_path):
    file = tmp_path / "script.exe"
    file.write_bytes(b"MZ")
    opened = open_page(start_studio(), "/data")
    opened.page.set_input_files("#upload-file", file)
    opened.wait("document.querySelector('.studio-message.error')")
    assert "script.exe" in opened.page.inner_text(".studio-message.error")
    # a refused request is an error of the network in the console, and no other
    assert [each for each in opened.complaints if "400 (Bad Request)" not in each] == []


@pytest.mark.exhaustive
def test_a_workbook_is_uploaded_and_its_sheet_named(start_studio, open_page, tmp_path):
    file = tmp_path / "Kündigung (März).xlsx"
    xlsx(file, {"Kunden": [line.split(",") for line in TABLE.splitlines()], "Notes": [["k"], [1]]})
    opened = open_page(start_studio(), "/data")
    opened.page.set_input_files("#upload-file", file)
    opened.page.wait_for_url("**/data?data=upload*", timeout=60_000)
    opened.page.get_by_label("Name of the sheet").fill("Kunden")
    opened.page.get_by_label("Name of the sheet").press("Enter")
    looked(opened)
    assert opened.page.inner_text("#studioView h1") == "Kündigung (März).xlsx"
    assert chosen_in(opened.page.url)["sheet"] == "Kunden"
    assert uses(opened)["kind"] == "label"


@pytest.mark.exhaustive
def test_images_are_shown_as_a_sheet(start_studio, open_page):
    opened = open_page(start_studio(), "/data?data=bundled/digits")
    looked(opened)
    images = opened.page.locator(".sheet-image")
    assert images.count() == 120
    assert images.first.get_attribute("aria-label").endswith(", 0")
    box = images.nth(50).bounding_box()
    assert box["width"] == box["height"] == 56
    assert opened.page.locator(".class-counts li").count() == 10
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (2560, "light")])
def test_data_fit_the_page(start_studio, open_page, data, width, scheme):
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    opened = open_page(start_studio(None, "--data", data), "/data", **options)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.open("/data?data=folder/0/tables/%253Ci%253Eodd%253Ci%253E.csv")
    looked(opened)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    use = opened.page.get_by_label("Use of the column size").bounding_box()
    assert use["width"] >= 140, "what is chosen can be read"
    assert use["x"] + use["width"] <= width, "and is on the screen"
    opened.check_quiet()
