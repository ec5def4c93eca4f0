"""Make the notebooks of the lessons from their .py files: ``python lessons/build.py [01_fully_connected ...]``.

A lesson is written as a .py file (jupytext's percent format) and read as the .ipynb beside it. Each is executed from
top to bottom, offline, and written with its outputs. What changes from one run to the next has no place in them: a cell
that writes to stderr, names a folder of this machine or takes longer than `CELL_SECONDS` fails.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

LESSONS = Path(__file__).resolve().parent

CELL_SECONDS = float(os.environ.get("LESSON_CELL_SECONDS", "40"))
"""No cell of a lesson takes longer, on 2 cores with nothing else to do; a busy machine may be given more."""

CHART = "An interactive chart: run this cell to see it."

# An audit hook sees every connection and every look-up of a name, and cannot be removed. The kernel itself talks
# through files (transport "ipc"), so it needs neither.
OFFLINE = """
import sys as _sys
def _offline(event, args):
    near = (None, "localhost", "127.0.0.1", "::1")
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in near:
        raise OSError(f"lessons work offline; something wants to connect to {args[1]}")
    if event in ("socket.getaddrinfo", "socket.gethostbyname") and args[0] not in near:
        raise OSError(f"lessons work offline; something wants the address of {args[0]}")
_sys.addaudithook(_offline)
"""


def lessons() -> list[Path]:
    """The .py files of all lessons, in order."""
    return sorted(LESSONS.glob("[0-9][0-9]_*.py"))


def read_lesson(path: Path) -> nbformat.NotebookNode:
    """A lesson as a notebook without outputs; the same file gives the same notebook."""
    notebook = jupytext.read(path)
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
    }
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
        cell.metadata.pop(
            "lines_to_next_cell", None
        )  # jupytext's note on blank lines in the .py file
    return notebook


class Classroom:
    """A kernel that executes cells of one notebook."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def ask(self, code: str) -> str:
        """Execute code that is no cell of the notebook, and return what it prints."""
        self._client.nb.cells.append(nbformat.v4.new_code_cell(code))
        try:
            place = len(self._client.nb.cells) - 1
            cell = self._client.execute_cell(
                self._client.nb.cells[-1], place, store_history=False
            )
        finally:
            self._client.nb.cells.pop()
        return "".join(output.get("text", "") for output in cell.outputs)

    def run(self, *, skip: Iterable[str] = ()) -> dict[str, float]:
        """Execute all cells but those with a tag of ``skip``; what they put out is in the notebook afterwards.

        Returns:
            The id of each cell -> processor seconds of the kernel, all cores together.

        Raises:
            nbclient.exceptions.CellExecutionError: A cell failed, or took too long.
        """
        seconds, skipped = {}, set(skip)
        for number, cell in enumerate(self._client.nb.cells):
            if cell.cell_type != "code" or skipped & set(cell.metadata.get("tags", ())):
                continue
            before = self._processor_seconds()
            self._client.execute_cell(cell, number)
            seconds[cell["id"]] = self._processor_seconds() - before
        return seconds

    def _processor_seconds(self) -> float:
        return float(self.ask("import time as _time; print(_time.process_time())"))


@contextmanager
def classroom(
    notebook: nbformat.NotebookNode, *, seconds: float = CELL_SECONDS
) -> Iterator[Classroom]:
    """Start a kernel for a notebook, without a network; end it in the end.

    Args:
        notebook: What `read_lesson` gives.
        seconds: What a cell may take by the clock.
    """
    os.environ["JUPYTER_PREFER_ENV_PATH"] = (
        "1"  # the kernel of this environment, not one in the user's home
    )
    with tempfile.TemporaryDirectory() as sockets:
        manager = AsyncKernelManager(
            kernel_name="python3", transport="ipc", ip=f"{sockets}/kernel"
        )
        client = NotebookClient(notebook, timeout=seconds, km=manager, record_timing=False)
        client.owns_km = True
        with client.setup_kernel(cwd=str(LESSONS)):
            room = Classroom(client)
            room.ask(OFFLINE)
            yield room


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out of an executed notebook what has no place in a file, and refuse what must not be there.

    Bokeh's script alone is many times as long as a lesson, so a cell that writes scripts shows a sentence instead.

    Raises:
        ValueError: A cell wrote to stderr, or names a folder of this machine.
    """
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        if any("javascript" in kind or "bokehjs" in kind for kind in kinds):
            chart = any("bokehjs_exec" in kind for kind in kinds)
            text = {"text/plain": CHART}
            cell.outputs = [nbformat.v4.new_output("display_data", data=text)] if chart else []
        written = json.dumps(
            [output for output in cell.outputs if "image/png" not in output.get("data", {})]
        )
        noise = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        folders = [
            name for name in (str(Path.home()), str(LESSONS.parent), "/tmp/") if name in written
        ]
        for wrong in (*noise, *folders):
            raise ValueError(
                f"a lesson's output is the same everywhere; {cell['id']} has {wrong!r}:\n{cell.source}"
            )
    return notebook


def build(path: Path) -> tuple[Path, dict[str, float]]:
    """Execute a lesson and write its notebook; returns the file and the seconds of each cell."""
    notebook = read_lesson(path)
    with classroom(notebook) as room:
        seconds = room.run()
    target = path.with_suffix(".ipynb")
    nbformat.write(tidy(notebook), target)
    return target, seconds


def main(names: list[str]) -> int:
    """Build the named lessons, all if none is named."""
    known = [path.stem for path in lessons()]
    if wrong := [name for name in names if name not in known]:
        print(f"error: lessons are {', '.join(known)}; got {', '.join(wrong)}", file=sys.stderr)
        return 2
    for path in lessons():
        if names and path.stem not in names:
            continue
        start = time.perf_counter()
        target, seconds = build(path)
        slowest = max(seconds, key=seconds.get)
        print(
            f"{target.name}: {time.perf_counter() - start:.0f} s, {target.stat().st_size / 1e6:.1f} MB; processor "
            f"{sum(seconds.values()):.0f} s, most in {slowest} ({seconds[slowest]:.0f} s)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
