"""Build the lesson notebooks from their .py files: ``python lessons/build.py [03_fully_connected ...]``.

A lesson is written as a .py file (jupytext's percent format) and read as the .ipynb file next to it. Each notebook is
executed from top to bottom without a network and saved with its outputs. The outputs must be the same on every machine,
so the build fails if a cell writes to stderr, mentions a folder of this machine, or takes longer than `CELL_SECONDS`.

Another CPU rounds differently, and a training then ends elsewhere. So a lesson is also executed in each `ARITHMETIC`
before anything is written: what it asserts must hold there, and its solutions must be judged right by its answers.

Solutions are cells of code in the .py file, where they are checked and tested. In the notebook they are text that is
folded: running all cells neither runs nor opens them, and the outputs are those that a reader gets who runs all cells.

What a lesson asks is answered in the .toml file next to it: the right option of each question and why the others are
wrong, and for each exercise an expression that the solutions define. From it, ``answers/NAME.txt`` is written, which
``ct.check`` reads.
"""

import copy
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jupytext
import nbformat
from editions import read_answers
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LESSONS = Path(__file__).resolve().parent

CELL_SECONDS = float(os.environ.get("LESSON_CELL_SECONDS", "40"))
"""Time limit for each cell, enough on 2 idle cores. Raise it on a busy machine."""

SOLUTION = "solution"
"""Tag of the cells with solutions."""

CHART = "An interactive chart: run this cell to see it."

# An audit hook sees every connection and every DNS lookup, and cannot be removed. The kernel itself communicates
# through Unix sockets (transport "ipc"), so it needs neither.
OFFLINE = """
import sys as _sys
def _offline(event, args):
    local = (None, "localhost", "127.0.0.1", "::1")
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in local:
        raise OSError(f"lessons must work offline, but something tried to connect to {args[1]}")
    if event in ("socket.getaddrinfo", "socket.gethostbyname") and args[0] not in local:
        raise OSError(f"lessons must work offline, but something tried to look up {args[0]}")
_sys.addaudithook(_offline)
import matplotlib.font_manager as _  # on a fresh machine it says on stderr that it builds its cache
"""


FLOAT32 = """
from cutaway.parallel import cpu as _cpu
_cpu.cpu_flags = lambda: ""  # as on a CPU without bfloat16
"""

ARITHMETIC = {
    "in float32": FLOAT32,
    "in float32, without AVX-512, on one thread": """
import os as _os
_os.environ |= {
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL",
    "OPENBLAS_CORETYPE": "Haswell",
    "NUMBA_CPU_NAME": "haswell",
}
if hasattr(_os, "sched_setaffinity"):
    _os.sched_setaffinity(0, list(_os.sched_getaffinity(0))[:1])
"""
    + FLOAT32,
}
"""How other machines compute: code for a kernel that has loaded nothing yet. Here, it is as this machine does."""


def lessons() -> list[Path]:
    """Return the .py files of all lessons, in order."""
    return sorted(LESSONS.glob("[0-9][0-9]_*.py"))


def read_lesson(path: Path) -> nbformat.NotebookNode:
    """Read a lesson as a notebook without outputs. The same file always gives the same notebook."""
    notebook = jupytext.read(path)
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
    }
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
        # how many blank lines follow in the .py file
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


class LessonKernel:
    """A running kernel that executes the cells of one notebook."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def execute(self, code: str) -> str:
        """Execute code that is not part of the notebook, and return what it prints."""
        self._client.nb.cells.append(nbformat.v4.new_code_cell(code))
        try:
            index = len(self._client.nb.cells) - 1
            cell = self._client.execute_cell(
                self._client.nb.cells[index], index, store_history=False
            )
        finally:
            self._client.nb.cells.pop()
        return "".join(output.get("text", "") for output in cell.outputs)

    def run(self, *, skip: Iterable[str] = (SOLUTION,)) -> dict[str, float]:
        """Execute the cells and store their outputs in the notebook.

        Args:
            skip: Cells with one of these tags are skipped.

        Returns:
            Mapping from the id of each cell to the CPU seconds that it took, summed over all cores.

        Raises:
            nbclient.exceptions.CellExecutionError: A cell failed or took too long.
        """
        skipped = set(skip)
        return self._execute(lambda tags: not skipped & tags)

    def run_solutions(self) -> dict[str, float]:
        """Execute the solutions alone, as a reader who has run all cells; returns and raises as `run`."""
        return self._execute(lambda tags: SOLUTION in tags)

    def _execute(self, chosen: Callable[[set[str]], bool]) -> dict[str, float]:
        seconds = {}
        for number, cell in enumerate(self._client.nb.cells):
            if cell.cell_type != "code" or not chosen(set(cell.metadata.get("tags", ()))):
                continue
            before = self._cpu_seconds()
            self._client.execute_cell(cell, number)
            seconds[cell["id"]] = self._cpu_seconds() - before
        return seconds

    def _cpu_seconds(self) -> float:
        return float(self.execute("import time as _time; print(_time.process_time())"))


@contextmanager
def lesson_kernel(
    notebook: nbformat.NotebookNode, *, seconds: float = CELL_SECONDS, arithmetic: str = ""
) -> Iterator[LessonKernel]:
    """Start a kernel without network access for a notebook, and shut it down at the end.

    Args:
        notebook: A notebook from `read_lesson`.
        seconds: Time limit for each cell, in seconds of wall time.
        arithmetic: One of `ARITHMETIC`; "" for that of this machine.
    """
    # use the kernel of this environment, not one from the user's home folder
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    with tempfile.TemporaryDirectory() as sockets:
        manager = AsyncKernelManager(
            kernel_name="python3", transport="ipc", ip=f"{sockets}/kernel"
        )
        # The kernel sends what a cell prints every 0.2 s, so without joining it the outputs would depend on the time.
        client = NotebookClient(
            notebook, timeout=seconds, km=manager, record_timing=False, coalesce_streams=True
        )
        client.owns_km = True
        with client.setup_kernel(cwd=str(LESSONS)):
            kernel = LessonKernel(client)
            kernel.execute(arithmetic + OFFLINE)
            yield kernel


def clean_outputs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove scripts from the outputs of an executed notebook, and check that the rest is the same on every machine.

    Bokeh's script alone is many times as long as a lesson, so an interactive chart is replaced by a sentence.

    Raises:
        ValueError: A cell wrote to stderr or mentions a folder of this machine.
    """
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        pages = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
        if any("<iframe srcdoc=" in page for page in pages):
            cell.outputs = [nbformat.v4.new_output("display_data", data={"text/plain": CHART})]
        text = json.dumps(
            [output for output in cell.outputs if "image/png" not in output.get("data", {})]
        )
        warnings = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        folders = [
            name for name in (str(Path.home()), str(LESSONS.parent), "/tmp/") if name in text
        ]
        for found in (*warnings, *folders):
            raise ValueError(
                f"the outputs of a lesson must be the same on every machine; {cell['id']} has {found!r}:\n{cell.source}"
            )
    return notebook


def write_answers(kernel: LessonKernel, path: Path, folder: Path) -> None:
    """Write the answers that ``ct.check`` reads, with the values that the solutions have in the kernel, into a folder.

    In the .toml file, a question has ``right``, the letter of an option, ``why``, and for each other letter the
    misconception behind it. An exercise has ``answer``, an expression in the lesson's kernel after its solutions, and the
    fields of `cutaway.exercises.Exercise`, with expressions for the wrong answers.
    """
    exercises = []
    for name, asked in read_answers(path.stem).items():
        if "right" in asked:
            wrong = [
                f"({letter!r}, {hint!r})" for letter, hint in asked.items() if len(letter) == 1
            ]
            answer, settings = repr(asked["right"]), {"why": asked["why"]}
        else:
            answer = asked["answer"]
            wrong = [f"({value}, {hint!r})" for value, hint in asked.get("misconceptions", ())]
            settings = {
                key: asked[key]
                for key in ("tolerance", "inputs", "why", "hint")
                if key in asked
            }
        given = f"Exercise({answer}, misconceptions=[{', '.join(wrong)}], **{settings!r})"
        exercises.append(f"{name!r}: {given}")
    if exercises:
        target = str(folder / f"{path.stem}.txt")
        kernel.execute(
            "from cutaway.exercises import Exercise, write_answers\n"
            f"_ = write_answers({target!r}, {{{', '.join(exercises)}}})"
        )


def wrong_solutions(kernel: LessonKernel, path: Path, folder: Path) -> list[str]:
    """What ``ct.check`` prints about solutions that it does not find right.

    Args:
        kernel: A kernel in which the solutions have run.
        path: The .py file of the lesson.
        folder: A folder with a folder "answers".
    """
    calls = [
        f'ct.check("{int(path.stem[:2])}.{number}", {asked["answer"]})'
        for number, asked in read_answers(path.stem).items()
        if "answer" in asked
    ]
    at = f"import os as _os\n_os.chdir({str(folder)!r})"
    lines = kernel.execute("\n".join([at, *calls])).splitlines()
    return [line for line in lines if ": right." not in line]


def check_elsewhere(path: Path, folder: Path) -> None:
    """Execute a lesson and its solutions in each `ARITHMETIC`.

    Args:
        path: The .py file of the lesson.
        folder: A folder with a folder "answers", which has those of the lesson.

    Raises:
        ValueError: An assertion fails there, or a solution is not right.
    """
    for name, arithmetic in ARITHMETIC.items():
        notebook = read_lesson(path)
        try:
            with lesson_kernel(
                notebook, seconds=3 * CELL_SECONDS, arithmetic=arithmetic
            ) as kernel:
                kernel.run()
                kernel.run_solutions()
                wrong = wrong_solutions(kernel, path, folder)
        except CellExecutionError as error:
            wrong = [str(error)]
        if wrong:
            raise ValueError(f"{path.stem} does not hold {name}: {'; '.join(wrong)}")


def fold_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make the solutions text that a click unfolds."""
    for cell in notebook.cells:
        if SOLUTION in cell.metadata.get("tags", ()):
            folded = f"<details><summary>Solution</summary>\n\n```python\n{cell.source}\n```\n\n</details>"
            cell.update(cell_type="markdown", source=folded)
            for name in ("outputs", "execution_count"):
                cell.pop(name, None)
    return notebook


def build(path: Path) -> tuple[Path, dict[str, float]]:
    """Execute a lesson and write its notebook. Returns its path and the CPU seconds of each cell.

    Raises:
        ValueError: See `clean_outputs` and `check_elsewhere`; nothing is written then.
    """
    notebook = read_lesson(path)
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers"
        answers.mkdir()
        with lesson_kernel(notebook) as kernel:
            seconds = kernel.run()
            executed = clean_outputs(copy.deepcopy(notebook))
            kernel.run_solutions()
            write_answers(kernel, path, answers)
        check_elsewhere(path, Path(folder))
        shutil.copytree(answers, LESSONS / "answers", dirs_exist_ok=True)
    target = path.with_suffix(".ipynb")
    nbformat.write(fold_solutions(executed), target)
    return target, seconds


def main(names: list[str]) -> int:
    """Build the named lessons, or all of them if no name is given."""
    known = [path.stem for path in lessons()]
    if unknown := [name for name in names if name not in known]:
        print(
            f"error: the lessons are {', '.join(known)}; got {', '.join(unknown)}",
            file=sys.stderr,
        )
        return 2
    for path in lessons():
        if names and path.stem not in names:
            continue
        start = time.perf_counter()
        target, seconds = build(path)
        slowest = max(seconds, key=lambda name: seconds[name])
        print(
            f"{target.name}: {time.perf_counter() - start:.0f} s, {target.stat().st_size / 1e6:.1f} MB; CPU "
            f"{sum(seconds.values()):.0f} s, slowest cell {slowest} ({seconds[slowest]:.0f} s)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
