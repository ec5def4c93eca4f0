"""Options, declared once: frozen dataclasses with the default, the bounds and the help of each.

Methods make them of their arguments, commands take their flags from them, and jobs of the studio check by them what a
page asks for. They are plain dataclasses, since the command line imports them at its start: importing pydantic takes
half as long as all of the command line.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import partial
from typing import Any, Literal, cast, get_args

from cutaway.words import quoted

from .checks import (
    check_choice,
    check_flag,
    check_number,
    check_perplexity,
    check_seed,
    check_whole,
    limits_in_words,
    whole_number,
)
from .errors import UsageError

Numbers = Literal["standard", "robust", "quantile", "none"]
Missing = Literal["median", "refuse"]
Search = Literal["auto", "exact", "approximate"]
Auto = Literal["auto"]

SPLITS = ("train", "val", "test", "all")
"""The parts of the data, and all of them in that order."""

HELD_OUT = ("test", "val")
"""The parts that no model was trained on."""

METHODS = ("pca", "tsne", "umap")
"""How a map is made."""

DYNAMICS_SORTS = (
    *("area_under_margin", "margin", "confidence", "correctness"),
    *("variability", "forgotten", "first_learned"),
)
"""Orders for sorting samples by how they were learned, the hardest first."""

INITIALIZATIONS = ("pca", "spectral", "random")
"""Where samples start on a map by t-SNE, except for an array of places."""

MAX_SAMPLES = 100_000
"""Maximum number of samples on a map; of more, a stratified sample by class."""


def option(
    default: Any = MISSING,
    words: str = "",
    *,
    least: int | None = None,
    most: int | None = None,
    choices: tuple[str, ...] = (),
    check: Callable[..., Any] | None = None,
    metavar: str | None = None,
    flag: str | None = None,
    parse: Callable[[str], Any] | None = None,
    argument: bool = False,
) -> Any:
    """A field of a record of options.

    Args:
        default: What applies where nothing is given; a field without a default must be given.
        words: What it is, for people; the bounds are added. An option without words has no flag.
        least: The least whole number that is allowed, which `Options` checks.
        most: The largest one.
        choices: The names that are allowed, which `Options` checks.
        check: Any other check of a value, called as ``check(value, name=...)``, which returns what `Options` keeps.
        metavar: The word for its value in the help of a command.
        flag: The names of its flag with blanks between them; the field's name if None.
        parse: Makes the value of the text that is typed; None where the type of the field says how.
        argument: Whether a command takes it by its place, without a flag.
    """
    if least is not None:
        check = partial(check_whole, least=least, most=most)
        words += words and (f" From {least} to {most:,}." if most else f" At least {least}." if least else "")
    if choices:
        check = partial(check_choice, choices=choices)
        words += words and f" One of {', '.join(choices)}."
    described = {"help": words, "metavar": metavar, "flag": flag, "parse": parse}
    return field(default=default, metadata={**described, "check": check, "argument": argument})


@dataclass(frozen=True, kw_only=True, eq=False)
class Options:
    """What can be asked, as a command, as a method and by a page: the bounds are checked here alone.

    A value that is the default, such as None, is not checked. A number is kept as an int or a float.

    Raises:
        UsageError: A value is outside the bounds of its field.
        UnknownNameError: It is none of the names of its field.
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            check, value = each.metadata["check"], getattr(self, each.name)
            is_default = value is each.default or (isinstance(value, str) and value == each.default)
            if check is not None and not is_default:
                object.__setattr__(self, each.name, check(value, name=each.name))


EPOCH = "Epoch; 0 is the model as initialized, -1 the last. Default: the kept epoch."
SEED = "Random seed."
SHARED = "For runs on different data: compare them on the test samples they share."


def epoch_option() -> Any:
    """A field for the number of an epoch."""
    return option(None, EPOCH, check=check_whole)


def split_option(default: str | None, words: str) -> Any:
    """A field for the name of a split."""
    return option(default, words, choices=SPLITS)


def seed_option() -> Any:
    """A field for a random seed."""
    return option(0, SEED, check=check_seed)


def number_option(default: Any, words: str = "", **limits: float) -> Any:
    """A field for a number within limits, see `cutaway.checks.check_number`; they are added to the words."""
    words += words and f" {limits_in_words(limits).capitalize()}."
    return option(default, words, check=partial(check_number, **limits))


def check_init(value: Any, *, name: str) -> Any:
    """Return where samples start: one of `INITIALIZATIONS`, or anything but text.

    Raises:
        UnknownNameError: It is another text.
    """
    return check_choice(value, name=name, choices=INITIALIZATIONS) if isinstance(value, str) else value


def parse_size(text: str) -> tuple[int, int]:
    """The rows and columns in a size such as 28x28, or 28.

    Raises:
        UsageError: It is neither.
    """
    sides = [whole_number(side.strip()) for side in text.lower().split("x")]
    if len(sides) > 2 or None in sides:
        raise UsageError("a size is rows x columns in pixels", got=quoted(text), hint="pass for example --size 28x28")
    return cast("tuple[int, int]", (sides[0], sides[-1]))


def parse_numbers(text: str, *, flag: str, example: str, kind: type[int] | type[float] = int) -> tuple[Any, ...]:
    """The numbers in a list such as 512,512.

    Raises:
        UsageError: It is no such list.
    """
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        numbers = "whole numbers" if kind is int else "numbers"
        rule = f'--{flag} must be {numbers} separated by commas, not "{text}"'
        raise UsageError(rule, hint=f"try --{flag} {example}") from None


LISTS = ("target", "ignore", "use", "category")
"""Options of a table that name columns, and may be repeated."""


def parse_names(text: str) -> tuple[str, ...]:
    """The names in a list such as no,yes; of an empty text none."""
    return tuple(text.split(",")) if text else ()


@dataclass(frozen=True)
class TableOptions(Options):
    """What a user says about a table; everything else is found in it.

    Attributes:
        label: Column of the classes; "" if targets are named.
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
        sheet: Sheet of a workbook; None for the only one that is visible and not empty.
        month_first: Whether ambiguous dates such as 03/04/2020 are read with the month first.
        class_names: Names for the labels in their order, by value if they are numbers; empty if the labels are the
            names.
        target: Columns of the numbers to predict; empty if a label is named.
        log: Whether the logarithm of the targets is learned; predictions are in the unit of the targets all the same.
    """

    label: str = option("", "Column of a table with the classes: its name, or its number from 1.")
    test: str | None = option(None, "Table with the test samples.")
    test_share: float = number_option(0.2, "Share of a table's rows for the test. Default: 0.2.", above=0, below=1)
    group: str | None = option(None, "Rows with the same value in this column stay in one split.")
    time: str | None = option(None, "Column with the time; the latest rows are the test samples.")
    weight: str | None = option(None, "Column with the weight of each row in the loss.")
    id: str | None = option(None, "Column with a name for each row.")
    ignore: tuple[str, ...] = option((), "Column to leave out; may be repeated.")
    use: tuple[str, ...] = option((), "Column to use although it looks like an identifier; may be repeated.")
    category: tuple[str, ...] = option((), "Column of numbers that stand for categories; may be repeated.")
    numbers: Numbers = option("standard", "How numbers are scaled. Default: standard.", choices=get_args(Numbers))
    missing: Missing = option(
        "median",
        "Missing values: median fills numbers in; refuse stops with an error. Default: median.",
        choices=get_args(Missing),
    )
    header: bool | None = option(None, "Whether line 1 of a table holds names. Default: detected.", check=check_flag)
    sheet: str | None = option(None, "Sheet of a workbook. Default: the only one with values.")
    month_first: bool = option(False, "Read ambiguous dates such as 03/04/2020 with the month first.", check=check_flag)
    class_names: tuple[str, ...] = option((), "Names for the labels in their order, such as no,yes.", parse=parse_names)
    target: tuple[str, ...] = option((), "Column of a table with a number to predict; may be repeated.")
    log: bool = option(False, "Learn the logarithm of the targets.", check=check_flag)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label and self.target:
            raise UsageError(
                "a model predicts classes or numbers", got="both label and target", hint="leave one of them out"
            )
        if self.class_names and self.target:
            raise UsageError("class_names are for classes, and the targets are numbers", hint="leave them out")
        if self.log and not self.target:
            raise UsageError("log is for numbers, and no target is named", hint="leave it out")
        if self.group and self.time:
            raise UsageError(
                "samples are split by groups or by time", got="both group and time", hint="leave one of them out"
            )

    def to_json(self) -> str:
        """What the user said, as JSON: options that are not the default."""
        given = {name: value for name, value in asdict(self).items() if value != getattr(type(self), name, None)}
        return json.dumps(given, ensure_ascii=False)

    def named_columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is named, with its role."""
        for role in ("label", "group", "time", "weight", "id"):
            if name := getattr(self, role):
                yield role, name
        for role in LISTS:
            for name in getattr(self, role):
                yield role, name


@dataclass(frozen=True)
class DataOptions(TableOptions):
    """All options of data that `cutaway.load_dataset` takes, for tables and for images.

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


@dataclass(frozen=True, kw_only=True, eq=False)
class TSNESettings(Options):
    """Settings of t-SNE; "auto" depends on the number of samples n, and the layout reports the value that was used."""

    perplexity: float | tuple[float, ...] | Auto = option(
        "auto", "t-SNE: effective number of neighbors, from 1.", check=check_perplexity
    )
    """Effective number of neighbors of each sample, from 1 to less than a third of the samples. Small values show small
    groups, large ones the whole. Of several, the affinities are the mean (Kobak and Berens 2019). "auto" is 30, or the
    largest whole number that fewer than 91 samples allow."""

    neighbors: Search = option(
        "auto",
        "t-SNE: how neighbors are searched. Default: auto, which is exact up to 100,000 samples.",
        choices=get_args(Search),
    )
    """"exact" finds the nearest three times as many as the perplexity; "approximate" finds most of the nearest twice as
    many, and says what share of them, in time that grows little faster than the number of samples. "auto" is "exact",
    or "approximate" for more than 100,000 samples."""

    max_iter: int = option(750, "t-SNE: maximum number of iterations.", check=check_whole)
    """Maximum number of iterations in all, more than early exaggeration takes. The descent mostly ends
    sooner, see ``tolerance``."""

    early_exaggeration: float = number_option(12.0, "t-SNE: factor in the early phase.", least=1)
    """Factor of the attractive forces in the first iterations, 1 or more: it gathers the groups."""

    early_exaggeration_iter: int | Auto = option("auto", least=0)
    """Number of iterations with early exaggeration, from 0; "auto" is 250, or 60 for more than 4,000 samples."""

    early_samples: int | Auto = option("auto", least=2)
    """Number of random samples that early exaggeration begins with; the others join them at the places of
    their neighbors for its last 10 iterations. It is 2 or more; as many as there are samples, or more, means that all
    take part from the start. "auto" is an eighth of the samples, at least 10,000, or more of them where the perplexity
    is below 30."""

    exaggeration: float = number_option(1.0, "t-SNE: factor in the main phase.", least=1)
    """Factor of the attractive forces in all further iterations, 1 or more; larger values give denser groups with more
    space between them."""

    learning_rate: float | Auto = number_option("auto", "t-SNE: learning rate of both phases.", above=0)
    """Learning rate of both phases, above 0. "auto" is n / early_exaggeration in the first phase, at least 20. In the
    second it is n / exaggeration, at least 20, or 2 n / exaggeration for more than 4,000 samples."""

    momentum: float | Auto = number_option("auto", least=0, below=1)
    """Momentum after early exaggeration, from 0 up to, but not including, 1; during early exaggeration it is 0.5.
    "auto" is 0.8; 0.966 for more than 4,000 samples; 1 - 0.034 (10,000 / n)^(1/8) for more than 10,000."""

    final_iter: int | Auto = option("auto", least=0)
    """Number of final iterations, from 0, with a momentum of at most 0.8, which let samples settle; "auto" is 0, or
    25 for more than 4,000 samples."""

    tolerance: float | Auto = number_option("auto", least=0, below=1)
    """The descent has converged when the KL divergence falls by less than this share in 50 iterations after early
    exaggeration, from 0 (never) up to, but not including, 1. The final iterations are always done. "auto" is 0.2%; 2%
    for more than 4,000 samples; 4% for more than 10,000."""

    init: str | Any = option(
        "pca", f"t-SNE: where samples start. One of {', '.join(INITIALIZATIONS)}.", check=check_init
    )
    """Where the samples start: "pca", the first two principal components, scaled to a standard deviation of 1e-4;
    "spectral", two eigenvectors of the affinities, scaled likewise; "random", normally distributed with that standard
    deviation, depending on the seed alone; or an array (sample, 2) that is taken as it is."""


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
    if name in LISTS:
        return [part for each in ([value] if isinstance(value, str) else value) for part in (flag, str(each))]
    if name == "size":
        return [flag, "x".join(map(str, value))]
    if isinstance(value, list | tuple):
        return [flag, ",".join(map(str, cast("tuple[Any, ...]", value)))]
    return [flag, repr(value) if isinstance(value, float) else str(value)]
