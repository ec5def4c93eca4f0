"""Write the lessons for students and for teachers: ``python lessons/editions.py [FOLDER]``.

Reads the notebooks that `build.py` made, and executes nothing. Two folders come out, each with every lesson as a notebook
and as an HTML file that works without a network:

- ``student/`` has the exercises with an empty cell, no solutions, and no word of them;
- ``teacher/`` has the solutions as well, folded: a click on "Solution" unfolds one.
"""

import copy
import sys
from pathlib import Path

import nbformat
from jinja2 import DictLoader
from nbconvert import HTMLExporter

LESSONS = Path(__file__).resolve().parent
EDITIONS = ("student", "teacher")

LEFT_OUT = {"solution", "about-solutions"}
"""Tags of the cells that students do not get."""

# nbconvert's page without what it would fetch: require.js, MathJax and Mermaid.
TEMPLATE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block extra_css -%}
<style>
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { margin: 0.5rem 0; border-left: 3px solid #3f90da; padding-left: 0.5rem; }
summary { cursor: pointer; padding: 0.3rem 0; }
</style>
{%- endblock -%}
"""


def edition(notebook: nbformat.NotebookNode, kind: str) -> nbformat.NotebookNode:
    """A copy of a lesson for its readers: without solutions for a student, as it is for a teacher.

    Args:
        notebook: A lesson as `build.py` wrote it.
        kind: One of `EDITIONS`.
    """
    made = copy.deepcopy(notebook)
    if kind == "student":
        made.cells = [
            cell for cell in made.cells if LEFT_OUT.isdisjoint(cell.metadata.get("tags", ()))
        ]
    return made


def as_html(notebook: nbformat.NotebookNode, *, title: str) -> str:
    """A notebook as an HTML page that fetches nothing, with solutions folded.

    Args:
        notebook: The notebook, with its outputs.
        title: Title of the page.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(".ipynb)", ".html)")
    shown.metadata["title"] = title
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"lesson.html.j2": TEMPLATE})], template_file="lesson.html.j2"
    )
    page, _ = exporter.from_notebook_node(shown)
    return page


def write_editions(folder: Path) -> list[Path]:
    """Write both editions of all lessons into a folder, which is made, and return the files."""
    written = []
    for kind in EDITIONS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for path in sorted(LESSONS.glob("[0-9][0-9]_*.ipynb")):
            made = edition(nbformat.read(path, as_version=4), kind)
            title = path.stem[3:].replace("_", " ").capitalize()
            notebook, page = folder / kind / path.name, folder / kind / f"{path.stem}.html"
            nbformat.write(made, notebook)
            page.write_text(as_html(made, title=title), encoding="utf-8")
            written += [notebook, page]
    return written


if __name__ == "__main__":
    for file in write_editions(Path(sys.argv[1] if len(sys.argv) > 1 else "build/lessons")):
        print(file)
