"""What is done with each column of a table, decided from what it holds and from what the user says."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cutaway.checks import meant
from cutaway.errors import DataError, Hint, UnknownNameError
from cutaway.words import listed

from .options import TableOptions
from .profile import ColumnProfile
from .readers import row_words

Use = Literal["feature", "label", "group", "time", "weight", "id", "ignored"]

FEW = 64
"""Different values of a column up to which each gets an input of its own."""

REQUESTED = "as requested"
"""Why a column is left out that the user named."""

IDENTIFIERS = ("id", "uuid", "guid", "key", "number", "no", "nr")

CLASSES = 20
"""Whole numbers in a label column that are questioned: more than this, and than twice the root of the rows."""

LISTED = 8
"""Columns that are left out and named at most."""

FREE_TEXT = 5
"""Words from which the values of a column that nearly all differ are sentences rather than names or identifiers."""


@dataclass(frozen=True)
class Column:
    """A column and what is done with it.

    Attributes:
        name: Its name.
        kind: What its cells are read as: "number", "category" or "date".
        use: "feature", or what else it is for.
        treatment: What becomes of it: "standardized", "one-hot", "hashed", "date parts", or why it is ignored.
        profile: What it holds.
        date_format: How its dates are written in text.
    """

    name: str
    kind: Literal["number", "category", "date"]
    use: Use
    treatment: str
    profile: ColumnProfile
    date_format: str = ""


def decide(
    profiles: Sequence[ColumnProfile], options: TableOptions, *, where: str, same: Mapping[str, str] | None = None
) -> tuple[Column, ...]:
    """Decide what is done with each column.

    Args:
        profiles: What the columns hold.
        options: What the user says.
        where: The table, for messages.
        same: Columns that equal an earlier one, by name.

    Raises:
        UnknownNameError: A column that the options name does not exist.
        DataError: The label is missing, constant or a measurement, most cells of a column are numbers and some are
            not, or no column is left to learn from.
    """
    by_name = {profile.name: profile for profile in profiles}
    for role, name in options.named_columns():
        if name not in by_name:
            raise UnknownNameError(
                f"{role} is a column of the table",
                got=f"{name!r}, and {where} has {listed(list(by_name), 12)}",
                hint=_meant_column(role, name, by_name),
            )
    roles: dict[str, Use] = {}
    for role in ("label", "group", "time", "weight", "id"):
        if name := getattr(options, role):
            roles.setdefault(name, role)
    columns = tuple(_column(by_name[name], options, roles.get(name), (same or {}).get(name), where) for name in by_name)
    _check_label(by_name[options.label], options, where)
    if not any(column.use == "feature" for column in columns):
        words = left_out_in_words(left_out(columns))
        raise DataError(
            "a table has at least one column to learn from",
            got=f"none in {where}" + (f", which leaves out {words}" if words else ""),
            hint=Hint("name columns that you want to use anyway with {}", use=None),
        )
    return columns


def decide_each(
    profiles: Sequence[ColumnProfile], options: TableOptions, *, where: str, same: Mapping[str, str] | None = None
) -> tuple[tuple[Column, ...], dict[str, str]]:
    """Decide as `decide` does, but say what is wrong with each column instead of raising an error.

    Returns:
        The columns, those with something wrong ignored; and what is wrong, by column.
    """
    roles: dict[str, Use] = {}
    for role in ("label", "group", "time", "weight", "id"):
        if name := getattr(options, role):
            roles.setdefault(name, role)
    columns: list[Column] = []
    wrong: dict[str, str] = {}
    for profile in profiles:
        try:
            columns.append(_column(profile, options, roles.get(profile.name), (same or {}).get(profile.name), where))
            if profile.name == options.label:
                _check_label(profile, options, where)
        except DataError as error:
            wrong[profile.name] = str(error)
            if len(columns) < len(profiles) and (not columns or columns[-1].name != profile.name):
                columns.append(ignored(profile, "cannot be used as it is"))
    return tuple(columns), wrong


def left_out(columns: Sequence[Column]) -> dict[str, str]:
    """Why each column that no model learns from is left out, by its name."""
    return {column.name: column.treatment for column in columns if column.use == "ignored"}


def left_out_in_words(columns: Mapping[str, str]) -> str:
    """What `left_out` found: '"note" (free text), "row" (counts the rows)'; "" where every column is used."""
    return listed([f'"{name}" ({why})' for name, why in columns.items()], LISTED)


def _meant_column(role: str, name: str, known: Collection[str]) -> str:
    """The next step for a column that does not exist; several columns are named one by one."""
    several = [each.strip() for each in name.split(",")]
    if role in ("ignore", "use", "category") and len(several) > 1 and all(each in known for each in several):
        return Hint("name each column on its own: {}", **{role: several})
    return meant(name, known, "check the spelling")


def check_known(profiles: Sequence[ColumnProfile], columns: Sequence[Column], *, where: str) -> None:
    """Refuse a table in which a value of a column that is used is not known.

    Raises:
        DataError: One is not.
    """
    used = {column.name for column in columns if column.use == "feature"}
    for profile in profiles:
        if profile.missing and profile.name in used:
            raise DataError(
                "values are missing, and missing values are refused",
                got=f'{profile.missing:,} of {profile.rows:,} rows without "{profile.name}" in {where}',
                hint=Hint("fill them in, ignore the column, or pass {}", missing="median"),
            )


def _column(profile: ColumnProfile, options: TableOptions, role: Use | None, same: str | None, where: str) -> Column:
    name, kind = profile.name, profile.kind
    if role == "time":
        return Column(name, "date" if kind == "date" else "number", role, "orders the samples", profile)
    if role == "weight":
        return Column(name, "number", role, "weight in the loss", profile)
    if role is not None:
        what = {"label": "the class", "group": "never in two splits", "id": "name of the sample"}[role]
        return Column(name, "category", role, what, profile)
    if name in options.ignore:
        return ignored(profile, REQUESTED)
    if kind == "unsupported":
        return ignored(profile, "not numbers, text or dates")
    if kind == "empty":
        return ignored(profile, "no value is known")
    wanted = name in options.use
    if same is not None and not wanted:
        return ignored(profile, f'the same as "{same}"')
    if name in options.category:
        return Column(name, "category", "feature", "one-hot", profile)
    if profile.other is not None and profile.first_other is not None:
        row, cell = profile.first_other
        what = "numbers" if profile.kind == "number" else "dates"
        raise DataError(
            f'a column is {what}, or text: "{name}" is {what} in {profile.known - profile.other:,} of '
            f"{profile.known:,} rows",
            got=f"{cell!r} in {row_words(row, where)}"
            + (f", and {profile.other - 1:,} more that are no {what}" if profile.other > 1 else ""),
            hint=Hint("empty these cells if they are not known, or pass {} or {}", category=name, ignore=name),
        )
    if kind == "category":
        return _category(profile, wanted=wanted)
    if profile.low == profile.high and not profile.missing and not wanted:
        return ignored(profile, "constant")
    if kind == "date":
        written = profile.month_first if options.month_first and profile.month_first else profile.date_format
        return Column(name, "date", "feature", "date parts", profile, written)
    if profile.counting and profile.whole and profile.rows > 2 and not wanted:
        return ignored(profile, "counts the rows")
    return Column(name, "number", "feature", NUMBER_WORDS[options.numbers], profile)


NUMBER_WORDS = {
    "standard": "standardized",
    "robust": "scaled by quartiles",
    "quantile": "ranks as normal deviates",
    "none": "as it is",
}


UNIQUE = "nearly unique"
"""Why a column is left out whose values nearly all differ, as those of names and numbers of customers do."""


def _category(profile: ColumnProfile, *, wanted: bool) -> Column:
    distinct = profile.distinct
    if distinct == 1 and not profile.missing and not wanted:
        return ignored(profile, "constant")
    # 0.9: a few names that occur twice do not make a column of names worth learning
    unique = distinct is None or distinct > max(0.9 * profile.known, FEW)
    if unique and not wanted:
        return ignored(profile, "free text" if profile.words >= FREE_TEXT else UNIQUE)
    treatment = "one-hot" if distinct is not None and distinct <= FEW else "hashed"
    return Column(profile.name, "category", "feature", treatment, profile)


def ignored(profile: ColumnProfile, why: str) -> Column:
    """A column that no model learns from, and why."""
    return Column(profile.name, "category", "ignored", why, profile)


def _check_label(label: ColumnProfile, options: TableOptions, where: str) -> None:
    if label.missing:
        raise DataError(
            f'the label "{label.name}" is known in every row',
            got=f"{label.missing:,} of {label.rows:,} rows without one in {where}",
            hint="drop these rows, or give the missing label a name of its own",
        )
    if label.kind == "date" or (label.kind == "number" and not label.whole):
        raise DataError(
            "cutaway is for classification: a label is one of a few classes",
            got=f'"{label.name}" of {where}, {"dates" if label.kind == "date" else "numbers with decimals"} from '
            f"{label.low:g} to {label.high:g}",
            hint="make classes of it, for example with pandas.cut(frame[label], 5), or name another label",
        )
    if label.kind == "category" and label.distinct is None:
        raise DataError(
            "a label has at most 20,000 classes", got=f'more in "{label.name}" of {where}', hint="name another label"
        )
    constant = label.distinct == 1 if label.kind == "category" else label.low == label.high
    if constant:
        raise DataError(
            "a classifier needs at least 2 classes",
            got=f'the same label in every row of "{label.name}" in {where}',
            hint="name another label, or add rows of another class",
        )


def questions(columns: Sequence[Column], options: TableOptions) -> Iterator[str]:
    """What the columns themselves give reason to ask, before any sample is looked at."""
    label = next(column for column in columns if column.use == "label").profile
    spread = label.high - label.low + 1
    if label.kind == "number" and spread > max(CLASSES, 2 * label.rows**0.5):
        yield (
            f'the label "{label.name}" holds whole numbers from {label.low:g} to {label.high:g}, and cutaway is for '
            "classification: if they measure something, make classes of it, for example with pandas.cut(labels, 5)"
        )
    features = [column for column in columns if column.use == "feature"]
    for column in features:
        last = column.name.lower().replace("-", "_").split("_")[-1].split()[-1:]
        if column.kind == "number" and column.profile.whole and last and last[0] in IDENTIFIERS:
            yield f'"{column.name}" is used as a number, but has the name of an identifier: ignore it if it is one'
    for column in features:
        if column.kind == "date" and column.profile.month_first and not options.month_first:
            ambiguous = f'the dates of "{column.name}" are ambiguous and are read with the day first: '
            yield ambiguous + Hint("pass {} if the month comes first", month_first=True)
