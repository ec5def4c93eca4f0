"""Messages of the library in the words of the command line."""

import re
import shlex
from typing import Any, get_type_hints

import typer

PROGRAMS: list[typer.Typer] = []
"""The program whose options messages name, once its commands are known."""


_OPTION = re.compile(r"""\b([a-z_]+)=(?:(["'])(.+?)\2|([\w.-]*\w)|\(([\d., ]+)\)|(\.\.\.)|(?=[ ,]|$))""")


def as_typed(message: str) -> str:
    """An error or a note of the library whose next step names options: "try epochs=3" becomes "try --epochs 3".

    In an error only what follows "next:" changes, and in a note everything. What stands inside a call, such as
    ``train(model, epochs=3)``, is Python and stays.
    """
    said, mark, hint = message.rpartition("; next: ")
    names = {
        name for app in PROGRAMS for command in app.registered_commands for name in _option_names(command.callback)
    }

    def option(found: re.Match[str]) -> str:
        before = hint[: found.start()]
        if found[1] not in names or before.count("(") > before.count(")"):
            return found[0]
        value = found[3] if found[2] else found[4] or found[6] or (found[5] or "").replace(" ", "")
        option = found[1].replace("_", "-")
        if value in ("True", "False"):  # a flag
            return f"--{option}" if value == "True" else f"--no-{option}"
        return f"--{option} {shlex.quote(value) if value else ''}".rstrip()

    return said + mark + _OPTION.sub(option, hint)


def _option_names(callback: Any) -> list[str]:
    """Names of the options of a command, as arguments in Python: "test_share" for ``--test-share``."""
    return [
        # inside Annotated, Typer keeps the first of the declarations as the default
        (each.default if isinstance(each.default, str) else name).partition("/")[0].lstrip("-").replace("-", "_")
        for name, hint in get_type_hints(callback, include_extras=True).items()
        for each in getattr(hint, "__metadata__", ())
        if isinstance(each, typer.models.OptionInfo)
    ]
