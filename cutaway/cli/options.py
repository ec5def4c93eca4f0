"""Options that several commands share."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from cutaway.errors import UsageError

_Command = TypeVar("_Command", bound=Callable[..., Any])

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")]
RunsOption = Annotated[str, typer.Option("--runs", help="Folder of the runs.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help='A path, a run\'s name, or "latest".')]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="Where models are trained: local (processes of this machine), dask://HOST:PORT, tls://HOST:PORT, "
        "ray://HOST:PORT or spark. Name only a cluster whose operators you trust: it can run code here, and without "
        "tls:// data travel unencrypted. Default: here, one after the other.",
    ),
]
EpochOption = Annotated[
    int | None, typer.Option(help="Epoch; 0 is the model as initialized, -1 the last. Default: the kept epoch.")
]
DataOption = Annotated[
    str | None, typer.Option("--data", help="Where the data are now, if they have moved or came from arrays.")
]
SeedOption = Annotated[int, typer.Option(help="Random seed.")]

LabelOption = Annotated[
    str | None, typer.Option("--label", help="Column of a table with the classes: its name, or its number from 1.")
]
TestOption = Annotated[str | None, typer.Option("--test", help="Table with the test samples.")]
TestShareOption = Annotated[
    float | None, typer.Option("--test-share", help="Share of a table's rows for the test. Default: 0.2.")
]
GroupOption = Annotated[str | None, typer.Option("--group", help="Column whose values are never in two splits.")]
TimeOption = Annotated[str | None, typer.Option("--time", help="Column that orders the rows: the latest are the test.")]
WeightOption = Annotated[str | None, typer.Option("--weight", help="Column with the weight of each row in the loss.")]
IdOption = Annotated[str | None, typer.Option("--id", help="Column with a name for each row.")]
IgnoreOption = Annotated[list[str] | None, typer.Option("--ignore", help="Column to leave out; may be repeated.")]
UseOption = Annotated[
    list[str] | None, typer.Option("--use", help="Column to use although it looks like an identifier; may be repeated.")
]
CategoryOption = Annotated[
    list[str] | None, typer.Option("--category", help="Column of numbers that stand for categories; may be repeated.")
]
NumbersOption = Annotated[
    str | None,
    typer.Option("--numbers", help="How numbers are scaled: standard (if not given), robust, quantile or none."),
]
MissingOption = Annotated[
    str | None,
    typer.Option("--missing", help="Unknown numbers: median (if not given) fills them in, refuse is an error."),
]
HeaderOption = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether line 1 of a table holds names. Default: found out.")
]
ClassNamesOption = Annotated[
    str | None, typer.Option("--class-names", help="Names for the labels in their order, such as no,yes.")
]
MonthFirstOption = Annotated[
    bool, typer.Option("--month-first", help="Dates such as 03/04/2020 have the month first, where none of them tells.")
]
SizeOption = Annotated[str | None, typer.Option("--size", help="Size that pictures are brought to, such as 28x28.")]
CenteringOption = Annotated[
    str | None,
    typer.Option(
        "--centering",
        help="How pictures of single digits or letters were made, so that new ones are made so too: mass, as "
        "MNIST's, or upright, as UCI's digits.",
    ),
]


OF_DATA = {
    **{name: name for name in ("label", "test", "test_share", "group", "weight", "ignore", "use", "category")},
    **{name: name for name in ("numbers", "missing", "header", "month_first", "class_names", "size", "centering")},
    "time_column": "time",
    "id_column": "id",
}
"""Parameters of a command that are options of data -> their names in `cutaway.load_dataset`."""


def given_options(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The options of data among the parameters of a command, without those that the user left out."""
    options = {name: parameters.get(parameter) for parameter, name in OF_DATA.items()}
    named = options["class_names"]
    options |= {"size": parse_size(options["size"]), "class_names": named.split(",") if named else None}
    left_out = (None, [], ())
    flags = {"month_first"} if not options["month_first"] else set()
    return {name: value for name, value in options.items() if value not in left_out and name not in flags}


def parse_size(text: str | None) -> tuple[int, int] | None:
    """The rows and columns in a size such as 28x28, or 28.

    Raises:
        UsageError: It is neither.
    """
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.strip().isdecimal() for side in sides):
        raise UsageError("a size is rows x columns in pixels", got=repr(text), hint="pass for example --size 28x28")
    return int(sides[0]), int(sides[-1])


def with_options(source: Callable[..., Any], names: Iterable[str] | None = None) -> Callable[[_Command], _Command]:
    """Give a command options of another function, which come as its ``**`` argument.

    Args:
        source: The function that has them.
        names: Their names; all of its parameters if None.
    """
    wanted = None if names is None else set(names)

    def give(command: _Command) -> _Command:
        own = [each for each in inspect.signature(command).parameters.values() if each.kind is not each.VAR_KEYWORD]
        further = [
            each for name, each in inspect.signature(source).parameters.items() if wanted is None or name in wanted
        ]
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *further)]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
        return command

    return give


def with_record(record: type) -> Callable[[_Command], _Command]:
    """Give a command an option for each field of a record of options, which come as its ``**`` argument.

    Args:
        record: A dataclass whose fields are made by `cutaway.results.options.option`.
    """
    types = get_type_hints(record)

    def give(command: _Command) -> _Command:
        own = [each for each in inspect.signature(command).parameters.values() if each.kind is not each.VAR_KEYWORD]
        asked = list[inspect.Parameter]()
        for each in dataclasses.fields(record):
            described = each.metadata
            names = [f"--{each.name.replace('_', '-')}"] if each.default is False else []  # without an opposite
            flag = typer.Option(*names, help=described["help"], metavar=described["metavar"], min=described["least"])
            annotation = Annotated[types[each.name], flag]
            keyword = inspect.Parameter.KEYWORD_ONLY
            asked.append(inspect.Parameter(each.name, keyword, default=each.default, annotation=annotation))
        # arguments first, then what is asked, then what all commands share
        arguments = [each for each in own if each.default is each.empty]
        shared = [each.replace(kind=each.KEYWORD_ONLY) for each in own if each.default is not each.empty]
        own = [*arguments, *asked, *shared]
        command.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in own} | {"return": None}
        return command

    return give
