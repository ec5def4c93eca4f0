"""Options that several commands share."""

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import typer

from cutaway.options import EPOCH, SEED, DataOptions

_Command = TypeVar("_Command", bound=Callable[..., Any])

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")]
RunsOption = Annotated[str, typer.Option("--runs", help="Folder of the runs.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help='A path, a run\'s name, or "latest".')]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="Where models are trained: local (processes of this machine), local:4, dask://HOST:PORT or "
        "tls://HOST:PORT. Name only a cluster whose operators you trust: it can run code here, and without "
        "tls:// data travel unencrypted. Default: here, one after the other.",
    ),
]
EpochOption = Annotated[int | None, typer.Option(help=EPOCH)]
DataOption = Annotated[
    str | None, typer.Option("--data", help="Where the data are now, if they have moved or came from arrays.")
]
SeedOption = Annotated[int, typer.Option(help=SEED)]

RUN_OR_DATA: Any = typer.Argument(
    metavar="RUN|DATA", help="A run, or a dataset's name (see: cutaway datasets) or a path."
)


@dataclass(frozen=True)
class OptionsGiven:
    """Marks a parameter of a command that gets the options of a record that a user gives, by name, and no others.

    Attributes:
        record: A dataclass whose fields are made by `cutaway.options.option`.
    """

    record: type


GivenDataOptions = Annotated[dict[str, Any], OptionsGiven(DataOptions)]
"""Options of data, as `cutaway.load_dataset` takes them."""


def with_records(command: _Command) -> _Command:
    """Give a command an option for each field of the records among its parameters, in their places.

    A parameter whose type is a record of options (a dataclass whose fields are made by `cutaway.options.option`) gets
    the record; one that is annotated with `OptionsGiven` gets a mapping of what the user gave.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters, makers = list[inspect.Parameter](), dict[str, Callable[[dict[str, Any]], Any]]()
    for parameter in inspect.signature(command).parameters.values():
        hint = hints[parameter.name]
        given = next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, OptionsGiven)), None)
        if given is not None:
            parameters += flags_of(given.record, optional=True)
            makers[parameter.name] = functools.partial(_given, given.record)
        elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
            parameters += flags_of(hint)
            makers[parameter.name] = functools.partial(_made, hint)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hint))

    @functools.wraps(command)
    def run(**values: Any) -> None:
        records = {name: make(values) for name, make in makers.items()}
        own = {name: value for name, value in values.items() if name in hints}
        command(**{**own, **records})

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return run  # type: ignore[return-value]


def flags_of(record: type, *, optional: bool = False) -> list[inspect.Parameter]:
    """A parameter for typer for each field of a record of options.

    Args:
        record: A dataclass whose fields are made by `cutaway.options.option`.
        optional: Whether flags that are not given are None, or False, in place of the defaults of the record.
    """
    hints, flags = get_type_hints(record), list[inspect.Parameter]()
    for field in _flagged(record):
        described, kind = field.metadata, _typed(hints[field.name], is_text=field.metadata["parse"] is not None)
        default = None if described["parse"] else field.default
        names = (described["flag"] or "").split()
        if optional and (kind is not bool or names):
            kind, default = kind | None, None
        if kind is bool and not names:  # it has no opposite
            names = [f"--{field.name.replace('_', '-')}"]
        about = {"help": described["help"], "metavar": described["metavar"]}
        flag = typer.Argument(**about) if described["argument"] else typer.Option(*names, **about)
        keyword = inspect.Parameter.KEYWORD_ONLY
        default = inspect.Parameter.empty if default is dataclasses.MISSING else default
        flags.append(inspect.Parameter(field.name, keyword, default=default, annotation=Annotated[kind, flag]))
    return flags


def _flagged(record: type) -> list[dataclasses.Field[Any]]:
    """The fields of a record that a command has flags for: those with words."""
    return [field for field in dataclasses.fields(record) if field.metadata["help"]]


def _typed(hint: Any, *, is_text: bool) -> Any:
    """The type of a flag: typer knows no tuples of any length, and no choices that the library has better words for."""
    if is_text:
        return str | None
    if get_origin(hint) is Literal:
        return str
    if get_origin(hint) in (tuple, Sequence):
        return list[get_args(hint)[0]]
    if get_origin(hint) in (Union, types.UnionType):
        inner = [_typed(each, is_text=False) for each in get_args(hint) if each is not type(None)]
        return inner[0] | None
    return hint


def _parsed(field: dataclasses.Field[Any], value: Any) -> Any:
    """A value as the record has it."""
    parse = field.metadata["parse"]
    return value if value is None or parse is None else parse(value)


def _given(record: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a user gave; an empty list is none."""
    absent = {flag.name: flag.default for flag in flags_of(record, optional=True)}
    parsed = {field.name: _parsed(field, values[field.name]) for field in _flagged(record)}
    return {name: value for name, value in parsed.items() if value is not absent[name] and value not in (None, [], ())}


def _made(record: type, values: Mapping[str, Any]) -> Any:
    """The record of what a user gave, with its defaults for the rest."""
    parsed = {field.name: _parsed(field, values[field.name]) for field in _flagged(record)}
    return record(**{name: value for name, value in parsed.items() if value not in (None, [])})
