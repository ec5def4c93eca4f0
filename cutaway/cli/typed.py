"""Messages of the library in the words of the command line."""

import shlex
from typing import Any

from cutaway.errors import CutawayError, Hint
from cutaway.options import typed_options


def as_typed(text: str | CutawayError) -> str:
    """An error, or a text of the library, in which options are written as they are typed: ``--epochs 3``."""
    if isinstance(text, CutawayError):
        return str(CutawayError(text.rule, got=text.got, hint=as_typed(text.hint)))
    return text.written(_option) if isinstance(text, Hint) else text


def _option(name: str, value: Any) -> str:
    if value is None or value is ...:
        return f"--{name.replace('_', '-')}{'' if value is None else ' ...'}"
    return shlex.join(typed_options({name: value}))
