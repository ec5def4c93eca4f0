"""Writes what a visitor can try, next to the pages of the site: the playground, a report, and the lessons to read."""

import sys
import tempfile
from pathlib import Path

import nbformat

import cutaway as ct
from cutaway.api.playground import write_playground

LESSONS = Path(__file__).parents[2] / "lessons"


def setup(app):
    """Have the pages written once the site is built."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write(app, error):
    if error is not None:
        return
    site = Path(app.outdir)
    write_playground(site / "playground.html")
    _write_report(site / "example-report.html")
    _write_lessons(site / "lessons")


def _write_report(path):
    """The report of a model on the small digits: it trains in seconds, and whoever builds the site gets the same."""
    with tempfile.TemporaryDirectory() as folder:
        run = ct.train(ct.mlp((64, 64)), ct.load_dataset("digits"), epochs=20, seed=0, runs=folder, progress=False)
        run.report(path, progress=False)


def _write_lessons(folder):
    sys.path.insert(0, str(LESSONS))
    from editions import as_html, title_of  # next to the lessons, which are no package

    folder.mkdir(exist_ok=True)
    lessons = {path.stem: nbformat.read(path, as_version=4) for path in sorted(LESSONS.glob("[0-9][0-9]_*.ipynb"))}
    links = [(f"{stem}.html", title_of(lesson)) for stem, lesson in lessons.items()]
    for (name, title), following, lesson in zip(links, [*links[1:], ("", "")], lessons.values(), strict=True):
        page = as_html(lesson, title=title, home="../learn.html", following=following)
        (folder / name).write_text(page, encoding="utf-8")
