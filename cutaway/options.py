"""Options, declared once: frozen dataclasses, from which the flags of commands and their help come.

They are plain dataclasses, since the command line imports them at its start: importing pydantic takes half as long as
all of the command line.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal, cast, get_args

from .checks import check_whole, whole_number
from .errors import Hint, UsageError

Numbers = Literal["standard", "robust", "quantile", "none"]
Missing = Literal["median", "refuse"]


def option(
    default: Any = MISSING,
    words: str = "",
    *,
    least: int | None = None,
    most: int | None = None,
    metavar: str | None = None,
    flag: str | None = None,
    parse: Callable[[str], Any] | None = None,
    typed: str | None = None,
    argument: bool = False,
) -> Any:
    """A field of a record of options.

    Args:
        default: What applies where nothing is given; a field without a default must be given.
        words: What it is, for people.
        least: The least number that is allowed, which `Options` checks.
        most: The largest one.
        metavar: The word for its value in the help of a command.
        flag: The names of its flag with blanks between them; that of the field if None.
        parse: Makes the value of the text that is typed; None where the type of the field says how.
        typed: The default as it is typed, where there is `parse`.
        argument: Whether a command takes it by its place, without a flag.
    """
    described = {"help": words, "metavar": metavar, "flag": flag, "parse": parse, "typed": typed}
    bounds = {"least": least, "most": most}
    return field(default=default, metadata={**described, **bounds, "argument": argument})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be asked about a run, as a command and as a method: the bounds of numbers are checked here alone.

    Raises:
        UsageError: A number is outside the bounds of its field.
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            least, is_open = each.metadata["least"], each.default is None and getattr(self, each.name) is None
            if least is not None and not is_open:
                check_whole(getattr(self, each.name), name=each.name, least=least, most=each.metadata["most"])


EPOCH = "Epoch; 0 is the model as initialized, -1 the last. Default: the kept epoch."
SEED = "Random seed."


def epoch_option() -> Any:
    """A field for the number of an epoch."""
    return option(None, EPOCH)


def seed_option() -> Any:
    """A field for a random seed."""
    return option(0, SEED)


def parse_size(text: str) -> tuple[int, int]:
    """The rows and columns in a size such as 28x28, or 28.

    Raises:
        UsageError: It is neither.
    """
    sides = [whole_number(side.strip()) for side in text.lower().split("x")]
    if len(sides) > 2 or None in sides:
        raise UsageError("a size is rows x columns in pixels", got=repr(text), hint="pass for example --size 28x28")
    return cast("tuple[int, int]", (sides[0], sides[-1]))


def parse_names(text: str) -> tuple[str, ...]:
    """The names in a list such as no,yes; of an empty text none."""
    return tuple(text.split(",")) if text else ()


@dataclass(frozen=True)
class TableOptions:
    """What a user says about a table; everything else is found in it.

    Attributes:
        label: Column of the classes.
        test: File with the test samples, or None.
        test_share: Share of the samples that become test samples if there is no such file, in (0, 1).
        group: Column whose rows with the same value stay in one split, or None.
        time: Column with the time; the latest rows are the test samples, or None.
        weight: Column with the weight of each sample in the loss, or None.
        id: Column with a name for each sample, or None.
        ignore: Columns that are left out.
        use: Columns that are used although they look like identifiers, or are constant or duplicates.
        category: Columns of numbers that stand for categories.
        numbers: How numbers are scaled: "standard", "robust", "quantile" or "none".
        missing: "median" fills missing numbers in and adds an input that says so; "refuse" stops with an error.
        header: Whether line 1 of a text table holds names; None detects it.
        month_first: Whether ambiguous dates such as 03/04/2020 are read with the month first.
        class_names: Names for the labels in their order, by value if they are numbers; empty if the labels are the
            names.
    """

    label: str = option(words="Column of a table with the classes: its name, or its number from 1.")
    test: str | None = option(None, "Table with the test samples.")
    test_share: float = option(0.2, "Share of a table's rows for the test. Default: 0.2.")
    group: str | None = option(None, "Rows with the same value in this column stay in one split.")
    time: str | None = option(None, "Column with the time; the latest rows are the test samples.")
    weight: str | None = option(None, "Column with the weight of each row in the loss.")
    id: str | None = option(None, "Column with a name for each row.")
    ignore: tuple[str, ...] = option((), "Column to leave out; may be repeated.")
    use: tuple[str, ...] = option((), "Column to use although it looks like an identifier; may be repeated.")
    category: tuple[str, ...] = option((), "Column of numbers that stand for categories; may be repeated.")
    numbers: Numbers = option(
        "standard", "How numbers are scaled: standard, robust, quantile or none. Default: standard."
    )
    missing: Missing = option(
        "median", "Missing values: median fills numbers in; refuse stops with an error. Default: median."
    )
    header: bool | None = option(None, "Whether line 1 of a table holds names. Default: detected.")
    month_first: bool = option(False, "Read ambiguous dates such as 03/04/2020 with the month first.")
    class_names: tuple[str, ...] = option((), "Names for the labels in their order, such as no,yes.", parse=parse_names)

    def __post_init__(self) -> None:
        for name, allowed in (("numbers", get_args(Numbers)), ("missing", get_args(Missing))):
            if getattr(self, name) not in allowed:
                raise UsageError(
                    f"{name} is one of {', '.join(allowed)}",
                    got=repr(getattr(self, name)),
                    hint=Hint("pass for example {}", **{name: allowed[0]}),
                )
        if not isinstance(self.test_share, float) or not 0 < self.test_share < 1:
            raise UsageError(
                "test_share is a share above 0 and below 1",
                got=repr(self.test_share),
                hint=Hint("pass {}", test_share=0.2),
            )
        if self.group and self.time:
            raise UsageError(
                "samples are split by groups or by time", got="both group and time", hint="leave one of them out"
            )

    def to_json(self) -> str:
        """What the user said, as JSON: options that are not the default."""
        given = {name: value for name, value in asdict(self).items() if value != getattr(type(self), name, None)}
        return json.dumps(given, ensure_ascii=False)

    def named_columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is named, with what it is named for."""
        for role in ("label", "group", "time", "weight", "id"):
            if name := getattr(self, role):
                yield role, name
        for role in ("ignore", "use", "category"):
            for name in getattr(self, role):
                yield role, name


@dataclass(frozen=True)
class DataOptions(TableOptions):
    """All options of data that `cutaway.load_dataset` takes: those of tables, and those of images.

    Attributes:
        size: (rows, columns) that images are brought to; None if they all have one size.
        centering: How digit or letter images were centered, "mass" or "upright"; new images get the same. None if that
            is not known.
    """

    size: tuple[int, int] | None = option(None, "Size that images are brought to, such as 28x28.", parse=parse_size)
    centering: str | None = option(
        None,
        "How digit or letter images were centered; new images get the same: mass (like MNIST) or upright (like UCI "
        "digits).",
    )


def typed_options(values: Mapping[str, Any]) -> list[str]:
    """Options and their values as a user types them on the command line, not quoted."""
    return [part for name, value in values.items() for part in _typed_option(name, value)]


def _typed_option(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if value is None:
        return []
    if value is True:
        return [flag]
    if value is False:
        return [flag.replace("--", "--no-", 1)]
    if name in ("ignore", "use", "category"):
        return [part for each in ([value] if isinstance(value, str) else value) for part in (flag, str(each))]
    if name == "size":
        return [flag, "x".join(map(str, value))]
    if isinstance(value, list | tuple):
        return [flag, ",".join(map(str, cast("tuple[Any, ...]", value)))]
    return [flag, repr(value) if isinstance(value, float) else str(value)]
