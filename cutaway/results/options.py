"""Options of a topic, declared once: a frozen dataclass, from which the flags of a command and their help come.

It is a plain dataclass, since the command line imports it at its start: importing pydantic takes half as long as all of
the command line.
"""

from dataclasses import field
from typing import Any

EPOCH = "Epoch; 0 is the model as initialized, -1 the last. Default: the kept epoch."
"""What ``--epoch`` is."""


def option(default: Any, words: str, *, least: int | None = None, metavar: str | None = None) -> Any:
    """A field of a record of options.

    Args:
        default: What applies where nothing is given.
        words: What it is, for people.
        least: The least number that is allowed.
        metavar: The word for its value in the help of a command.
    """
    return field(default=default, metadata={"help": words, "least": least, "metavar": metavar})
