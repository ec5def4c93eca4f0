"""Runs the examples of the site while it is built: what a page shows is what this version printed.

All examples share one folder and one Python session. In it are two models of the small digits, `run` and `other`;
`table`, a model of scikit-learn's tumors, which is trained from the file tumors.csv; and `numbers`, a model of its
diabetes.
"""

import contextlib
import io
import os
import tempfile
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sklearn.datasets import load_breast_cancer, load_diabetes
from sphinx.application import Sphinx

import cutaway as ct
from cutaway.cli.main import main
from cutaway.cli.output import print_result

COLUMNS = 80
"""Width of what is printed."""

LINES = 14
"""Lines of an answer that are shown at most."""


class Session:
    """A folder with runs, where Python and commands are run."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cutaway-docs-")
        self.folder = Path(self._folder.name)
        tumors = load_breast_cancer(as_frame=True)
        diagnosis = tumors.target.map(dict(enumerate(tumors.target_names)))
        tumors.data.assign(diagnosis=diagnosis).to_csv(self.folder / "tumors.csv", index=False)
        diabetes = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})
        diabetes.to_csv(self.folder / "diabetes.csv", index=False)
        with self._inside():
            data = ct.load_dataset("diabetes.csv", target="progression")
            numbers = ct.train(ct.mlp((16,)), data, name="diabetes", progress=False)
            run = ct.train(ct.mlp((64, 64)), "digits", epochs=20, seed=0, progress=False)
            other = ct.train(ct.mlp((32,)), "digits", epochs=20, seed=0, progress=False)
            table = ct.train(ct.mlp((16,)), ct.load_dataset("tumors.csv", label="diagnosis"), progress=False)
        self.names: dict[str, Any] = {"ct": ct, "run": run, "other": other, "table": table, "numbers": numbers}

    @contextlib.contextmanager
    def _inside(self) -> Any:
        """Work in the folder; what is printed to stderr, such as progress, is left out."""
        before = os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = str(COLUMNS)
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stderr(io.StringIO()):
                yield
        finally:
            os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)

    def python(self, code: str) -> str:
        """What the last line of some Python returns, as `cutaway` prints it in a terminal."""
        *lines, last = code.splitlines()
        printed = io.StringIO()
        with self._inside(), contextlib.redirect_stdout(printed):
            exec("\n".join(lines), self.names)
            answer = eval(last, self.names)
            if hasattr(answer, "tables"):
                print_result(answer)
        return printed.getvalue() or str(answer)

    def command(self, words: list[str]) -> str:
        """What a command prints to stdout."""
        printed = io.StringIO()
        with self._inside(), contextlib.redirect_stdout(printed):
            try:
                main(words)
            except SystemExit as ended:
                if ended.code:
                    raise RuntimeError(f"cutaway {' '.join(words)} ended with exit code {ended.code}") from ended
        return printed.getvalue()


session = cache(Session)


class Example(Directive):
    """``{example}``: lines of Python, and below them what the last one returns."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the code and its answer."""
        code = "\n".join(self.content)
        printed = session().python(code).strip("\n").splitlines()
        lines = [part for line in printed for part in textwrap.wrap(line, COLUMNS, drop_whitespace=False) or [""]]
        shown = [*lines[:LINES], *(["…"] if len(lines) > LINES else [])]
        program = nodes.literal_block(code, code, language="python")
        return [program, nodes.literal_block("", "\n".join(shown), language="none")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("example", Example)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
