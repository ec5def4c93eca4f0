"""Write the lessons for students, for teachers and for the printer: ``python lessons/editions.py [FOLDER]``.

Reads the notebooks that `build.py` made and the answers beside them, and executes nothing. Three folders come out:

- ``student/`` has each lesson as a notebook and as an HTML file that works without a network: exercises with an empty cell, no
  solutions and no word of them, and no cells that check the numbers of the lesson itself;
- ``teacher/`` has the solutions, and after each question the expected answer and the misconceptions behind the others, all
  folded: a click unfolds one. ``solutions/`` has each solution as a script, for ``%load``;
- ``handout/`` has a page for each lesson to print: its goals, its questions and its exercises, with room to write.
"""

import copy
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import DictLoader
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

LESSONS = Path(__file__).resolve().parent
EDITIONS = ("student", "teacher")

LEFT_OUT = {"solution", "about-solutions", "check"}
"""Tags of the cells that students do not get."""

ASKED = re.compile(r'ct\.check\("\d+\.(q?\d+)"')
"""The number of a question or an exercise in a cell of code."""

FOLDED_CODE = re.compile(r"```python\n(.*?)\n```", re.DOTALL)

# a formula, or code, in which a dollar sign is none
FORMULA = re.compile(
    r"(?P<code>```.*?```|`[^`]*`)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.DOTALL
)

STYLE = """
<style>
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { margin: 0.5rem 0; border-left: 3px solid #3f90da; padding-left: 0.5rem; }
summary { cursor: pointer; padding: 0.3rem 0; }
.formula { overflow-x: auto; }
</style>
"""

# nbconvert's page without what it would fetch: require.js, MathJax and Mermaid.
TEMPLATE = f"""
{{%- extends "lab/index.html.j2" -%}}
{{%- block html_head_js -%}}{{%- endblock -%}}
{{%- block html_head_js_mathjax -%}}{{%- endblock -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock -%}}
{{%- block jupyter_widgets -%}}{{%- endblock -%}}
{{%- block extra_css -%}}{STYLE}{{%- endblock -%}}
{{%- block body_header -%}}
{{{{ super() }}}}
{{%- if nb.metadata.home %}}<p><a href="{{{{ nb.metadata.home }}}}">All lessons</a> · To work on it yourself: make lesson</p>{{% endif -%}}
{{%- endblock -%}}
{{%- block body_footer -%}}
{{%- if nb.metadata.next %}}<p>Next lesson: <a href="{{{{ nb.metadata.next }}}}">{{{{ nb.metadata.next_title }}}}</a></p>{{% endif -%}}
{{{{ super() }}}}
{{%- endblock -%}}
{{%- block data_png scoped -%}}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{{{ output.data["image/png"] | escape_html }}}}" alt="{{{{ output.metadata.alt | escape_html }}}}">
</div>
{{%- endblock -%}}
"""

HANDOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 11pt/1.4 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; color: #16191f; background: #fff; }}
h1 {{ font-size: 16pt; }} h2 {{ font-size: 13pt; margin-top: 1.6em; }} h3 {{ font-size: 11pt; }}
p, li {{ break-inside: avoid; }} h2, h3 {{ break-after: avoid; }}
.name {{ display: flex; gap: 2rem; }} .name span {{ flex: 1; border-bottom: 1px solid #717581; }}
.lines {{ height: 3.6em; border-bottom: 1px solid #b9bdc6;
  background: repeating-linear-gradient(#fff 0 1.75em, #b9bdc6 1.75em 1.8em); margin: 0 0 1em; }}
</style>
</head>
<body>
<p class="name"><span>Name:</span><span>Date:</span></p>
{body}
</body>
</html>
"""

LINES = '<div class="lines"></div>'


def read_answers(name: str) -> dict[str, dict[str, Any]]:
    """The answers of a lesson by the number of each question and exercise, from its .toml file; empty where it has none."""
    path = LESSONS / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def edition(
    notebook: nbformat.NotebookNode, kind: str, answers: dict[str, dict[str, Any]] | None = None
) -> nbformat.NotebookNode:
    """A copy of a lesson for its readers: without solutions for a student, with all answers for a teacher.

    Args:
        notebook: A lesson as `build.py` wrote it.
        kind: One of `EDITIONS`.
        answers: As `read_answers` returns them; only a teacher gets them.
    """
    made = copy.deepcopy(notebook)
    if kind == "student":
        made.cells = [
            cell for cell in made.cells if LEFT_OUT.isdisjoint(cell.metadata.get("tags", ()))
        ]
        return made
    cells = []
    for cell in made.cells:
        cells.append(cell)
        asked = ASKED.findall(cell.source) if "answer" in cell.metadata.get("tags", ()) else []
        if answers and asked:
            text = "\n\n".join(_expected(number, answers[number]) for number in asked)
            folded = f"<details><summary>Expected answers</summary>\n\n{text}\n\n</details>"
            cells.append(nbformat.v4.new_markdown_cell(folded, id=f"{cell['id']}-expected"))
    made.cells = cells
    return made


def _expected(number: str, asked: dict[str, Any]) -> str:
    wrong = "\n".join(
        f"- {letter}: {hint}" for letter, hint in asked.items() if len(letter) == 1
    )
    return (
        f"**Question {number.removeprefix('q')}: {asked['right']}.** {asked['why']}\n\n{wrong}"
    )


def with_mathml(text: str, convert: Callable[..., str] = tex2mathml) -> str:
    """Markdown whose formulas are MathML, which browsers draw without a script."""

    def drawn(formula: re.Match[str]) -> str:
        if formula["code"]:
            return formula["code"]
        if formula["block"]:
            # blank lines would end the HTML block
            return f'<div class="formula">{" ".join(convert(formula["block"].strip(), as_block=True).split())}</div>'
        return " ".join(convert(formula["inline"]).split())

    return FORMULA.sub(drawn, text)


def as_html(
    notebook: nbformat.NotebookNode,
    *,
    title: str,
    home: str = "",
    following: tuple[str, str] = ("", ""),
) -> str:
    """A notebook as an HTML page that fetches nothing, with solutions folded.

    Args:
        notebook: The notebook, with its outputs.
        title: Title of the page.
        home: Address of the page with all lessons; "" for none.
        following: Address and title of the next lesson; empty for none.
    """
    shown = copy.deepcopy(notebook)
    heading = title
    for cell in shown.cells:
        if cell.cell_type == "markdown":
            heading = (re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE) or [heading])[-1]
            cell.source = with_mathml(cell.source.replace(".ipynb)", ".html)"))
        else:
            # the alternative text of a cell's figures: where they stand, and the titles that its code gives them
            titles = re.findall(r"""title(?:=|\()\s*"([^"{]+)"[,)]""", cell.source)
            alt = f"Figure in the section {heading}" + (
                f": {'; '.join(titles)}" if titles else ""
            )
            for output in cell.get("outputs", ()):
                if "image/png" in output.get("data", {}):
                    output.metadata["alt"] = alt
    shown.metadata |= {
        "title": title,
        "home": home,
        "next": following[0],
        "next_title": following[1],
    }
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"lesson.html.j2": TEMPLATE})], template_file="lesson.html.j2"
    )
    page, _ = exporter.from_notebook_node(shown)
    return page


def handout(notebook: nbformat.NotebookNode) -> str:
    """A page to print: goals, what to expect before each result, questions and exercises, with room to write."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        tags, source = cell.metadata.get("tags", ()), cell.source
        if source.startswith("# "):
            parts.append(markdown2html(source.splitlines()[0]))
        elif "goals" in tags or "question" in tags:
            parts.append(markdown2html(with_mathml(source)))
        elif source.startswith("### Exercise"):
            parts += [markdown2html(with_mathml(source)), LINES]
        else:
            if source.startswith("## "):
                parts.append(markdown2html(source.splitlines()[0]))
            for expectation in re.findall(
                r"\*\*Before you run it:\*\*.*?(?=\n\n|$)", source, re.DOTALL
            ):
                parts += [markdown2html(with_mathml(expectation)), LINES]
    # permalinks of headings are of no use on paper
    body = re.sub(r'<a class="anchor-link"[^>]*>.*?</a>', "", "\n".join(parts))
    return HANDOUT.format(title=title_of(notebook), body=body)


def title_of(notebook: nbformat.NotebookNode) -> str:
    """The title of a lesson: its first heading."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ")


def write_editions(folder: Path) -> list[Path]:
    """Write all editions of all lessons into a folder, which is made, and return the files."""
    written = []
    for path in sorted(LESSONS.glob("[0-9][0-9]_*.ipynb")):
        lesson = nbformat.read(path, as_version=4)
        for kind in EDITIONS:
            made = edition(lesson, kind, read_answers(path.stem))
            notebook = _place(folder / kind / path.name)
            nbformat.write(made, notebook)
            page = _place(folder / kind / f"{path.stem}.html")
            page.write_text(as_html(made, title=title_of(made)), encoding="utf-8")
            written += [notebook, page]
            encoded = LESSONS / "answers" / f"{path.stem}.txt"
            if encoded.exists():
                written.append(
                    shutil.copyfile(encoded, _place(folder / kind / "answers" / encoded.name))
                )
        solutions = [
            cell for cell in lesson.cells if "solution" in cell.metadata.get("tags", ())
        ]
        for number, cell in enumerate(solutions, 1):
            script = _place(folder / "teacher" / "solutions" / path.stem / f"{number}.py")
            script.write_text(FOLDED_CODE.findall(cell.source)[0] + "\n", encoding="utf-8")
            written.append(script)
        sheet = _place(folder / "handout" / f"{path.stem}.html")
        sheet.write_text(handout(lesson), encoding="utf-8")
        written.append(sheet)
    return written


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    for file in write_editions(Path(sys.argv[1] if len(sys.argv) > 1 else "build/lessons")):
        print(file)
