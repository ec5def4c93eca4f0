"""The program: its commands, and how errors become one line and an exit code."""

import atexit
import codecs
import contextlib
import errno
import io
import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Generator
from itertools import chain, islice
from typing import Annotated, Any

import typer
import typer.core

from cutaway.checks import meant
from cutaway.errors import REQUEST, Canceled, CutawayError, CutawayWarning, escaped, ran_out_of_memory
from cutaway.log import shown_log
from cutaway.models import lean_keras
from cutaway.progress import CancelToken

from . import (
    compare,
    datasets,
    doctor,
    label_issues,
    models,
    playground,
    prediction,
    preflight,
    report,
    runs,
    show,
    studio,
    sweeps,
    topics,
    trainings,
)
from .exit import CODE, give_up_output, leave
from .output import as_typed, say

UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What writing to a stream fails with."""

UNREADABLE = "Error reading persistent compilation cache entry"
"""How a warning of JAX begins: of a file that another process is writing, or that was never finished."""

ASCII = {"–": "-", "…": "...", "→": "->", "±": "+-", "─": "-", "×": "x", "·": "|"}
"""Replacements for characters of tables and sentences in an encoding without them, as in a Windows console."""

STOPPED = "stopped; next: run it again, or continue a training with: cutaway resume latest"


@contextlib.contextmanager
def cancel_on_signal() -> Generator[None]:
    """Turn the first Ctrl-C or SIGTERM into the cancellation of the work under way.

    A second one, and one that arrives while nothing is under way that could notice, interrupts immediately.
    """
    token = CancelToken()

    def cancel(number: int, frame: Any) -> None:
        at_once = token.canceled or not token.watched
        token.cancel()
        if at_once and _is_import(frame):  # an import must not raise: libraries in C++ then end the process by force
            _end(STOPPED, Canceled.exit_code, debug=False)
            os._exit(Canceled.exit_code)
        if at_once:  # Python drops exceptions of its own callbacks; then the next work finds the token canceled
            raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # only the main thread receives signals
        before = {}
    try:
        with token:
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_import(frame: Any) -> bool:
    """Whether a frame is of a module that is being loaded, or of what that calls."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


COMMANDS: dict[str, tuple[tuple[Callable[..., Any], str], ...]] = {
    "Data and training": (
        (trainings.demo, "Show what cutaway does, on the bundled MNIST."),
        (datasets.datasets, "List the bundled datasets, or look into one."),
        (trainings.train, "Train a model, and keep everything in a run folder."),
        (preflight.preflight, "Check data, model and settings before a training."),
        (trainings.resume, "Continue a training that was stopped or died."),
        (sweeps.sweep, "Train many models and choose the best settings."),
        (runs.runs, "List the runs of a folder, oldest first."),
        (show.show, "Show a run, epoch by epoch, and its findings."),
        (prediction.predict, "Predict the classes or numbers of new samples."),
    ),
    "Look inside": (
        (topics.topic_command("layers"), "Show what each layer is, and what it knows."),
        (topics.topic_command("units"), "Show what each unit of a layer responds to."),
        (topics.embed, "Compute a 2-D map of a layer's activations, by t-SNE."),
        (topics.samples, "Show which samples were hard to learn, or forgotten."),
        (topics.topic_command("explain"), "Show the evidence for a prediction, and against it."),
        (topics.topic_command("importance"), "Show which columns of a table the model needs."),
    ),
    "Improve": (
        (doctor.doctor, "Say what is wrong with a run, or with data."),
        (label_issues.label_issues, "Find labels that are probably wrong."),
        (topics.topic_command("errors"), "Show how large the errors of predicted numbers are."),
        (topics.topic_command("confidence"), "Show how far probabilities can be relied on."),
        (topics.topic_command("learning-curve"), "Show whether more data would help."),
        (compare.compare, "Compare two runs, or list all of a folder."),
    ),
    "In the browser": (
        (report.report, "Write a run, or a sweep, into one HTML file."),
        (studio.studio, "Open a folder of runs in a browser."),
        (playground.playground, "Write a page that trains a network in the browser."),
    ),
    "Model files": (
        (models.export, "Write the model of a run into a file."),
        (models.open_model, "List the layers of anyone's model file."),
    ),
}
"""The commands in groups, and each in a few words that fit a line of 80 columns."""


class Grouped(typer.core.TyperGroup):
    """The program, whose help lists the commands in their groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, a list for each group."""
        listed = iter(self.commands.items())  # in the order of the groups
        for group, commands in COMMANDS.items():
            with formatter.section(group):
                rows = [(name, command.short_help or "") for name, command in islice(listed, len(commands))]
                formatter.write_dl(
                    rows, col_spacing=2 + max(map(len, self.commands)) - max(len(row[0]) for row in rows)
                )


app = typer.Typer(
    cls=Grouped,
    epilog="New here?  cutaway demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error, and the log.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Train a feed-forward network and cut it open: what each layer learned, when, and where it fails."""


for _command, _words in chain.from_iterable(COMMANDS.values()):
    app.command("open" if _command is models.open_model else None, short_help=_words)(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit with its exit code.

    Args:
        arguments: What the user typed after the program's name; the arguments of the process if None.
    """
    is_program = arguments is None
    if is_program:
        atexit.register(leave)  # registered first, so called last
        lean_keras()
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    _prepare_streams()
    # --debug may stand anywhere: people add it at the end of the line that failed
    debug = "--debug" in arguments
    warnings.showwarning = _show(warnings.showwarning)
    with shown_log(debug=debug), cancel_on_signal():
        code = _run([a for a in arguments if a != "--debug"], debug=debug)
    give_up_output()
    if is_program:
        CODE.append(code)
    sys.exit(code)


def _prepare_streams() -> None:
    """Make printing safe: a stream that was closed (``2>&-``) takes everything, and no character is refused."""
    codecs.register_error("cutaway", _in_ascii)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (lives as long as the process)
        elif isinstance(stream, io.TextIOWrapper):  # a run's name may hold what an old code page cannot print
            stream.reconfigure(errors="cutaway")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What is printed instead of characters that a terminal's encoding does not have."""
    assert isinstance(error, UnicodeEncodeError)
    refused = error.object[error.start : error.end]
    return "".join(ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in refused), error.end


def _show(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Show our own warnings as one line, the same one once, and others as they were."""
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        said = as_typed(message.args[0] if isinstance(message, CutawayWarning) else str(message))
        if said.startswith(UNREADABLE):
            from cutaway.cache import cache_folder

            folder = os.environ.get("JAX_COMPILATION_CACHE_DIR") or cache_folder("xla-*")
            said = (
                "a compiled program in the cache could not be read, and was compiled again; next: if this note comes "
                f"again and again, delete {folder}"
            )
        elif not issubclass(category, CutawayWarning):
            otherwise(escaped(said), category, *where, **more)
            return
        if said not in shown:
            say(f"note: {said}", sys.stderr)
        shown.add(said)

    return show


def _run(arguments: list[str], *, debug: bool) -> int:
    try:
        if "--version" in arguments:
            import cutaway

            print(f"cutaway {cutaway.__version__}")
            code = 0
        else:
            code = app(arguments, prog_name="cutaway", standalone_mode=False)
        sys.stdout.flush()  # a disk that is full shows here, not while Python shuts down
        return _stop(STOPPED, debug=debug) if code == Canceled.exit_code else code or 0
    except Canceled as error:
        when = error.got.removeprefix(REQUEST)
        return _stop(f"stopped{when}; next: {error.hint.partition(' (in Python')[0]}", debug=debug)
    except CutawayError as error:
        return _fail(as_typed(error), error.exit_code, debug=debug)
    except typer.TyperException as error:  # a wrong option or argument
        return _fail(_usage(error, arguments), 2, debug=debug)
    except (KeyboardInterrupt, typer.Abort):
        return _stop(STOPPED, debug=debug)
    except Exception as error:  # noqa: BLE001 - said in one line, and in full with --debug
        said = " ".join(str(error).split())[:300]
        if ran_out_of_memory(error):
            got = said.removeprefix("RESOURCE_EXHAUSTED: ").rstrip(".") or "a request for more than is left"
            return _fail(f"out of memory: {got}; next: close other programs, or use fewer samples", 1, debug=debug)
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
            give_up_output()
            if isinstance(error, BrokenPipeError):  # the reader of a pipe, such as head, has closed it
                return 1
            fault = f"cannot write the output: {error.strerror}"
            return _fail(f"{fault}; next: free some space, or write it elsewhere", 1, debug=debug)
        return _fail(f"unexpected {type(error).__name__}: {said}; next: run it again with --debug", 1, debug=debug)


_INVALID = re.compile(r'Invalid value for "(.+?)"(?: / ".+?")*: Input should be (.+)')
_ASKED = {"a valid integer": "a whole number", "a valid number": "a number"}


def _usage(error: typer.TyperException, arguments: list[str]) -> str:
    """Typer's words for a wrong option or argument, with the value that we got, which they leave out."""
    options = getattr(getattr(error, "param", None), "opts", ())
    values = [arguments[i + 1] for i, a in enumerate(arguments[:-1]) if a in options]
    got = f'; got "{values[-1]}"' if values else ""
    said = re.sub(r"(?<!\w)'(.+?)'(?!\w)", r'"\1"', " ".join(error.format_message().split()))
    said, _, guess = said.partition(" Did you mean ")
    if (invalid := _INVALID.match(said)) is not None:  # a condition in the words of pydantic
        asked = invalid[2].partition(", unable to ")[0].rstrip(".")
        said = f"{invalid[1]} is {_ASKED.get(asked, asked)}"
    if (unknown := re.match('No such command "(.+)"', said)) is not None and not guess:
        return f"{said.rstrip('.')}; next: {meant(unknown[1], _commands(), f'see {_help(arguments)}')}"
    return f"{said.rstrip('.')}{got}; next: {f'did you mean {guess}' if guess else f'see {_help(arguments)}'}"


def _commands() -> list[str]:
    return [each.name or getattr(each.callback, "__name__", "").replace("_", "-") for each in app.registered_commands]


def _help(arguments: list[str]) -> str:
    """Where to find the options of the command that was typed."""
    names = _commands()
    command = next((each for each in arguments if not each.startswith("-")), "")
    return f"cutaway {command} --help" if command in names else "cutaway --help"


def _fail(message: str, code: int, *, debug: bool) -> int:
    return _end(f"error: {message}", code, debug=debug)


def _stop(message: str, *, debug: bool) -> int:
    """End after Ctrl-C or SIGTERM, which is what the user wanted and no error."""
    return _end(message, Canceled.exit_code, debug=debug)


def _end(line: str, code: int, *, debug: bool) -> int:
    with contextlib.suppress(OSError):  # where nobody can read it
        if debug:
            print(escaped(traceback.format_exc()), file=sys.stderr)
        say(line, sys.stderr)
    return code
