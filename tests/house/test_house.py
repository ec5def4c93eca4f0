"""The house rules that a machine can hold."""

import importlib
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import cutaway
from tests.ready_runs import MAY_TRAIN

ROOT = Path(__file__).parents[2]


def loaded_after(code: str) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('MODULES', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(out.rsplit("MODULES", 1)[1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import cutaway",
        "from cutaway.cli.main import app\napp(['--help'], standalone_mode=False)",
        "import cutaway\ncutaway.open_run",
        "from cutaway.training import find_recipe, make_config\nmake_config(find_recipe('lesson').settings, epochs=3)",
    ],
)
def test_light_calls_load_neither_keras_nor_jax(code):
    assert not {"keras", "jax", "bokeh", "matplotlib", "sklearn", "pandas", "anywidget", "numba"} & loaded_after(code)


def test_import_cutaway_alone_loads_no_numpy():
    assert "numpy" not in loaded_after("import cutaway")


def test_a_name_that_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match="trane"):
        _ = cutaway.trane


def test_every_package_says_what_it_is():
    for package in [p.parent.name for p in sorted((ROOT / "cutaway").glob("*/__init__.py"))]:
        docstring = importlib.import_module(f"cutaway.{package}").__doc__
        assert docstring is not None, package
        assert "May call" in docstring or "may call" in docstring, f"{package}: which packages it may call"
        assert "come" in docstring, f"{package}: what comes in"


def test_no_more_than_12_files_may_train():
    assert len(MAY_TRAIN) <= 12
    assert [name for name in MAY_TRAIN if not (ROOT / name).is_file()] == []


def test_changelog_tells_of_this_version():
    assert f"## {cutaway.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_map_of_the_code_is_one_page_of_places_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert len(text.split()) <= 1900
    places = {place for place in re.findall(r"`([\w.]+(?:/[\w.]+)*(?:/|\.py|\.js))[`:]", text) if place != "tests/"}
    places |= set(re.findall(r"`((?:page|data|tests|topics)/[\w/]+)`", text)) - {"topics/TOPIC"}
    assert len(places) > 60
    ours = [ROOT, ROOT / "cutaway", *(each for each in (ROOT / "cutaway").iterdir() if each.is_dir())]
    missing = [
        place
        for place in sorted(places)
        if "TOPIC" not in place and not any((folder / place).exists() for folder in ours)
    ]
    assert not missing
    for file, name in re.findall(r"`(\w+/[\w/]+\.py): ([\w.]+)`", text):
        assert re.search(rf"^(def|class) {name}\b|^    def {name}\b", (ROOT / "cutaway" / file).read_text(), re.M), (
            f"{file} has no {name}"
        )


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_source_distribution_holds_what_git_tracks(tmp_path):
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        packed = {name.partition("/")[2] for name in files.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(tracked.splitlines()) <= packed
