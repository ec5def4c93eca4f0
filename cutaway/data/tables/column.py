"""A column of a table: one record, filled in stages with what it holds, how it is used, and why."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cutaway.checks import meant
from cutaway.errors import DataError, Hint, UnknownNameError, UsageError
from cutaway.words import cut, listed, shown

from .cells import (
    DATE_FORMATS,
    Kind,
    as_categories,
    as_dates,
    as_dates_or_null,
    as_numbers,
    as_text,
    is_number_text,
    is_text,
    trimmed,
    value_counts,
)
from .options import LISTS, TableOptions
from .readers import compute, row_words

if TYPE_CHECKING:
    import pyarrow as pa

Type = Literal["number", "category", "date", "empty", "unsupported"]
Use = Literal["feature", "label", "target", "group", "time", "weight", "id", "ignored"]
Reason = Literal[
    "",
    "requested",
    "unsupported",
    "empty",
    "copy",
    "row number",
    "identifier",
    "text",
    "constant",
    "faulty",
    "many values",
]

ROLES: dict[Use, str] = {
    "label": "the class",
    "target": "the number to predict",
    "group": "never in two splits",
    "time": "orders the samples",
    "weight": "weight in the loss",
    "id": "name of the sample",
}
"""What a column is for that an option names, and what becomes of it; if two options name it, the first counts."""

NUMBER_WORDS = {
    "standard": "standardized",
    "robust": "scaled by quartiles",
    "quantile": "ranks as normal deviates",
    "none": "as it is",
}

MOST_DISTINCT = 20_000
"""Different values of a column that are counted; beyond, it is known that there are more."""

SAMPLED = 1000
"""Values of a chunk whose words are counted, or that are tried as dates first."""

LONGEST = 16
"""Characters of a value that a summary shows."""

PADDED = r"^0\d"
"""A number that begins like this is a name: "01234", but not "0.5"."""

MOSTLY = 0.9
"""Minimum share of numbers in a column that counts as numbers with errors rather than as text."""

EXACT = 2**53
"""Whole numbers from here on are rounded as float64."""

FEW = 64
"""Different values of a column up to which each gets an input of its own, and the column is no identifier."""

UNIQUE = "nearly unique"
"""Why a column is left out whose values nearly all differ, such as names or numbers of customers."""

WHY: dict[Reason, str] = {
    "requested": "as requested",
    "unsupported": "not numbers, text or dates",
    "empty": "no value is known",
    "copy": 'the same as "{}"',
    "row number": "counts the rows",
    "identifier": UNIQUE,
    "text": "free text",
    "constant": "constant",
    "faulty": "cannot be used as it is",
}
"""The reasons for leaving out a column, in words; {} is the column that it is a copy of."""

FREE_TEXT = 5
"""With this many words the values of a column that nearly all differ are sentences rather than names or identifiers."""

IDENTIFIER = re.compile(r"((?i:^|[\W_])|(?<=[a-z])(?=[A-Z]))(?i:id|uuid|guid|key|number|no|nr)$|(?i:nr|nummer)$")
"""Names of columns that identify rows: "id", "order_id", "PassengerId", "Kundennr", "Vertragsnummer"."""

OWNER = re.compile(
    r"((?i:^|[_\s-])|(?<=[a-z])(?=[A-Z]))(?i:ids|patient|subject|person|user|customer|cust|client|account|acct|member|"
    r"student|employee|household|family|group|session|device|machine|site|batch|case|speaker|author|animal|donor|"
    r"participant)$"
)
"""Names of columns that say to whom or to what a row belongs."""

ERROR = re.compile(r"#[A-ZÄÖÜ/0 _]+[!?]|Err:\d+")
"""What a spreadsheet shows in place of a value, such as #DIV/0! or #WERT!; #N/A is a missing value."""

TIES = 10
"""Whole numbers that all differ, where as many pairs of numbers drawn at random from their range would be equal, count
rows: measurements do so once in exp(10) cases at most."""

CLASSES = 20
"""Whole numbers in a label column that are questioned: more than this, and than twice the root of the rows."""

LISTED = 8
"""Maximum number of left-out columns that are named."""


@dataclass
class Column:
    """A column of a table.

    `add` takes in its cells, chunk by chunk; `decide` makes a copy that says how it is used. On training samples
    it becomes a step of a `Preparation`.

    Attributes:
        name: Its name.
        decimal: The decimal mark of numbers in text.
        same: An earlier column with the same cells, or None.
        use: "feature", or what else it is for.
        kind: What its cells are read as: "number", "category" or "date".
        treatment: What becomes of it: "standardized", "one-hot", "hashed", "date parts", or why it is ignored.
        reason: Why it is ignored, or hashed.
        rows: Number of rows.
        missing: Rows without a known value.
        numbers: Rows with a number.
        low: Smallest number, or date in seconds since 1970; NaN without one, and perhaps infinite.
        high: Largest.
        whole: Whether all numbers are whole.
        counts_up: Whether the numbers are first, first + 1, ... as far as they are known.
        compared: The cells of the first whole numbers, which float64 may round, at most `MOST_DISTINCT`, if all differ;
            otherwise None.
        padded: Whether numbers are names: one has a leading zero.
        text: Whether the cells are text whose meaning is to be found.
        typed: What the cells are if they are not such text.
        formats: Which of `cells.DATE_FORMATS` all texts have, the first one is used.
        frequencies: How often each different text occurs; None beyond `MOST_DISTINCT`.
        no_number: The first cell that is no number: its row from 0, and its text.
        no_dates: Cells that are no dates where nearly all are: how many, and the first of them.
        spaces: Gaps between words in the first values of every chunk.
        sampled: How many these values are.
    """

    name: str
    decimal: str = "."
    same: str | None = None
    use: Use = "ignored"
    kind: Kind = "category"
    treatment: str = ""
    reason: Reason = ""
    rows: int = 0
    missing: int = 0
    numbers: int = 0
    low: float = np.nan
    high: float = np.nan
    whole: bool = True
    counts_up: bool = True
    compared: list[Any] | None = field(default_factory=list[Any], repr=False, compare=False)
    padded: bool = False
    text: bool = False
    typed: Type | None = None
    formats: Sequence[str] = DATE_FORMATS
    frequencies: Counter[str] | None = field(default_factory=Counter, repr=False)
    no_number: tuple[int, str] | None = None
    no_dates: tuple[int, int, str] | None = None
    spaces: int = 0
    sampled: int = 0

    @property
    def known(self) -> int:
        """Rows with a known value."""
        return self.rows - self.missing

    @property
    def type(self) -> Type:
        """What it holds.

        One of "number", "category" (text and booleans), "date", "empty" (nothing known), or "unsupported" (lists and
        the like).
        """
        if not self.known and self.typed != "unsupported":
            return "empty"
        if self._is_number_text:
            return "number"
        kind = self.typed or "category"
        return "date" if kind == "category" and self.formats else kind

    @property
    def _is_number_text(self) -> bool:
        return self.text and not self.padded and self.numbers >= MOSTLY * self.known

    @property
    def values(self) -> Mapping[str, int]:
        """How often each different value occurs, of a category; empty for other kinds, and beyond `MOST_DISTINCT`."""
        return self.frequencies if self.frequencies and self.type == "category" else Counter[str]()

    @property
    def distinct(self) -> int | None:
        """Number of different values of a category; None beyond `MOST_DISTINCT`, and for other kinds."""
        return len(self.frequencies) if self.frequencies is not None and self.type == "category" else None

    @property
    def constant(self) -> bool:
        """Whether every row has the same value."""
        return not self.missing and (self.distinct == 1 if self.type == "category" else self.low == self.high)

    @property
    def date_format(self) -> str:
        """How the dates are written, one of `cells.DATE_FORMATS`; "" for typed dates and other kinds."""
        return self.formats[0] if self.type == "date" and self.typed != "date" else ""

    @property
    def month_first(self) -> str:
        """How the dates are written if the month comes first, where no date tells; else ""."""
        month = self.date_format.replace("%d/%m", "%m/%d")
        return month if month != self.date_format and month in self.formats else ""

    @property
    def others(self) -> tuple[int, int, str] | None:
        """Cells that are no numbers, or no dates, where nearly all are: how many, the row from 0 of the first, it."""
        if not self._is_number_text:
            return self.no_dates
        return (self.known - self.numbers, *self.no_number) if self.no_number else None

    @property
    def summary(self) -> str:
        """Its range, or its most frequent values, in a few words."""
        if self.type == "number":
            return f"{self.low:g} to {self.high:g}"
        if self.type == "date":
            days = [str(np.datetime64(int(seconds), "s"))[:10] for seconds in (self.low, self.high)]
            return f"{days[0]} to {days[1]}"
        if self.type != "category":
            return "-"
        if self.distinct is None:
            return f"more than {MOST_DISTINCT:,} different values"
        first, hidden = cut(range(self.distinct), 3)
        common = (name for name, _ in Counter(self.values).most_common(len(first)))
        frequent = [name if len(name) <= LONGEST else f"{name[:LONGEST]}..." for name in common]
        return listed(frequent + [f"{hidden:,} more"] * (hidden > 0))

    def record(self) -> dict[str, Any]:
        """What it holds and how it is used, JSON-able; missing is a share, 0..1."""
        names = ("name", "type", "use")
        return {name: getattr(self, name) for name in names} | {
            "missing": self.missing / max(self.rows, 1),
            "values": self.summary,
            "treatment": self.treatment,
        }

    def decided(
        self, treatment: str, kind: Kind = "category", use: Use = "feature", *, reason: Reason = ""
    ) -> "Column":
        """A copy that holds the use of the column; the texts of numbers and dates are forgotten."""
        frequencies = self.frequencies if self.type == "category" else Counter[str]()
        return replace(self, treatment=treatment, kind=kind, use=use, reason=reason, frequencies=frequencies)

    def ignored(self, reason: Reason) -> "Column":
        """A copy that no model learns from, and why."""
        return self.decided(WHY[reason].format(self.same), use="ignored", reason=reason)

    def add(self, column: "pa.ChunkedArray") -> None:
        """Take in the next rows of the column."""
        import pyarrow as pa

        given = column
        self.text = self.text or is_text(column)
        self.typed = None if self.text else self.typed or _type_of(column.type)
        if self.text or self.typed == "category":
            column = trimmed(as_text(column))
        elif self.typed == "number":
            column = as_numbers(column) or column
        elif self.typed == "date":
            column = as_dates(column, "")
        known = column.drop_null()
        if len(known) and (self.text or self.typed == "category"):
            self._add_text(known, column)
        elif len(known) and self.typed == "number":
            cells = given.drop_null() if pa.types.is_integer(given.type) else known
            self._add_numbers(known, cells, gaps=len(known) < len(column))
        elif len(known) and self.typed == "date":
            self._add_range(known.to_numpy())
        self.missing += len(column) - len(known)
        self.rows += len(column)

    def _add_text(self, known: "pa.ChunkedArray", column: "pa.ChunkedArray") -> None:
        import pyarrow as pa

        pc = compute()
        # a number with a leading zero, such as a postal code, is a name
        self.padded = self.padded or bool(pc.any(pc.match_substring_regex(known, PADDED)).as_py())
        seen_only_text = self.padded or (self.rows > self.missing and self.numbers == 0)
        numbers = None if seen_only_text or not self.text else as_numbers(known, self.decimal)
        if numbers is not None:
            self._add_numbers(numbers, known, gaps=len(known) < len(column))
        elif self.text and not seen_only_text:
            fits = pc.fill_null(is_number_text(column, self.decimal), True)
            numeric = known.filter(is_number_text(known, self.decimal))
            if (found := as_numbers(numeric, self.decimal)) is not None and len(found):
                self._add_numbers(found, numeric, gaps=True)
            if self.no_number is None:
                row = pc.index(fits, pa.scalar(False)).as_py()
                self.no_number = (self.rows + row, column[row].as_py())
        if self.formats:
            self._note_other_dates(known, column)
            fitting = known.slice(0, SAMPLED) if numbers is None else known.slice(0, 0)
            self.formats = [f for f in self.formats if len(fitting) and as_dates(fitting, f).null_count == 0]
            self.formats = [f for f in self.formats if as_dates(known, f).null_count == 0]
            for name in self.formats[:1]:
                self._add_range(as_dates(known, name).to_numpy())
        if self.text and numbers is None:
            some = known.slice(0, SAMPLED)
            self.spaces += pc.sum(pc.count_substring_regex(some, r"\s+")).as_py()
            self.sampled += len(some)
        if self.frequencies is not None and not (self.text and numbers is not None):
            self.frequencies.update(value_counts(as_categories(known)))
            self.frequencies = None if len(self.frequencies) > MOST_DISTINCT else self.frequencies

    def _note_other_dates(self, known: "pa.ChunkedArray", column: "pa.ChunkedArray") -> None:
        """Note cells that are not dates in a chunk that holds nearly only dates."""
        pc = compute()
        if not re.search(r"\d[-./]\d", known[0].as_py()):
            return
        for name in self.formats:
            fits = pc.is_valid(as_dates_or_null(column, name))
            others = pc.and_(pc.is_valid(column), pc.invert(fits))
            count = pc.sum(others).as_py() or 0
            if 0 < count <= (1 - MOSTLY) * len(known):
                row = pc.index(others, True).as_py()
                self.no_dates = (count, self.rows + row, column[row].as_py())
                return

    def _add_range(self, values: np.ndarray) -> None:
        self.low, self.high = float(np.fmin(self.low, values.min())), float(np.fmax(self.high, values.max()))

    def _add_numbers(self, numbers: "pa.ChunkedArray", cells: "pa.ChunkedArray", *, gaps: bool) -> None:
        values = numbers.to_numpy()
        self._add_range(values)
        self.whole = self.whole and bool((values == np.floor(values)).all())
        start = self.low + self.rows if self.rows else float(values[0])
        self.counts_up = self.counts_up and not gaps and bool((values == start + np.arange(len(values))).all())
        self.numbers += len(values)
        if not self.whole:
            self.compared = None
        elif self.compared is not None and len(self.compared) < MOST_DISTINCT:
            first = [*self.compared, *cells.slice(0, MOST_DISTINCT).to_pylist()][:MOST_DISTINCT]
            self.compared = first if len(set(first)) == len(first) else None


def _type_of(kind: "pa.DataType") -> Type:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _type_of(kind.value_type)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    if types.is_null(kind):
        return "empty"
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_boolean(kind)
    return "category" if text else "unsupported"


def why_identifier(column: Column) -> Reason:
    """Why a column counts as an identifier, which is left out unless `use` names it; "" if it does not.

    An identifier is one of

    - whole numbers that count the rows: first, first + 1, ... from the first row to the last, and more than 2 rows;
    - whole numbers that all differ, more than `FEW`, with the name of an identifier, or so near each other that as many
      measurements would not all differ (`TIES`);
    - text or booleans that nearly all differ: more than `FEW` different values, and more than 90% of those that are
      known, or more than `MOST_DISTINCT`. If they have `FREE_TEXT` words on average, they are free text instead, which
      is left out as well.

    Other whole numbers are used, and `questions` asks about them if `has_identifier_name`.
    """
    if column.type == "number":
        if column.counts_up and column.compared and not column.missing and column.rows > 2:
            return "row number"
        values = len(column.compared or ())
        equal = values * (values - 1) / 2 / (column.high - column.low + 1)
        unique = values > FEW and (equal >= TIES or has_identifier_name(column.name))
        return "identifier" if unique else ""
    # 0.9: a few names that occur twice do not make a column of names worth learning
    most = max(0.9 * column.known, FEW)
    if column.type != "category" or (column.distinct is not None and column.distinct <= most):
        return ""
    return "text" if 1 + column.spaces / max(column.sampled, 1) >= FREE_TEXT else "identifier"


def has_identifier_name(name: str) -> bool:
    """Whether the name of a column ends in a word such as "id" or "no"."""
    return IDENTIFIER.search(name.strip()) is not None


def has_owner_name(name: str) -> bool:
    """Whether the name of a column says to whom or to what a row belongs, such as "patient" or "orderId"."""
    return has_identifier_name(name) or bool(OWNER.search(name))


def decide(columns: Sequence[Column], options: TableOptions, *, where: str) -> tuple[Column, ...]:
    """Decide how each column is used.

    Args:
        columns: What the columns hold.
        options: What the user says.
        where: The table, for messages.

    Raises:
        UnknownNameError: A column that the options name does not exist.
        UsageError: A target is named twice.
        DataError: The label is missing, constant or a measurement, most cells of a column are numbers and some are
            not, or no column is left to learn from.
    """
    names = [column.name for column in columns]
    for role, name in options.named_columns():
        if name not in names:
            raise UnknownNameError(
                f'no column "{name}" for {role}; {where} has {listed(names, 12)}', hint=_meant_column(role, name, names)
            )
    named = [name for _, name in options.named_columns()]
    if twice := [name for name in options.target if named.count(name) > 1]:
        raise UsageError(f'the target "{twice[0]}" is named twice', hint="name it once, and in no other role")
    decided, wrong = decide_each(columns, options, where=where)
    for name in sorted(wrong, key=lambda name: name == options.label):
        raise wrong[name]
    if not any(column.use == "feature" for column in decided):
        words = left_out_in_words(left_out(decided))
        raise DataError(
            f"there is no column to learn from in {where}" + (f", which leaves out {words}" if words else ""),
            hint=Hint("name columns that you want to use anyway with {}", use=None),
        )
    return decided


def decide_each(
    columns: Sequence[Column], options: TableOptions, *, where: str
) -> tuple[tuple[Column, ...], dict[str, DataError]]:
    """Decide as `decide` does, but return what is wrong with each column instead of raising it.

    Returns:
        The columns, without those that cannot be used as they are; and the errors, by column.
    """
    decided: list[Column] = []
    wrong: dict[str, DataError] = {}
    for column in columns:
        try:
            decided.append(_decide(column, options, where))
        except DataError as error:
            wrong[column.name] = error
            decided.append(column.ignored("faulty"))
        error = _label_error(column, where) if column.name == options.label else None
        if error or (column.name in options.target and (error := target_error(column, where))):
            wrong[column.name] = error
    return tuple(decided), wrong


def _decide(column: Column, options: TableOptions, where: str) -> Column:
    name, kind = column.name, column.type
    for role, what in ROLES.items():
        named = getattr(options, role)
        if name and (name in named if role == "target" else name == named):
            read = (
                "category"
                if role not in ("target", "time", "weight")
                else "date"
                if (role, kind) == ("time", "date")
                else "number"
            )
            return column.decided(what, read, role)
    if name in options.ignore:
        return column.ignored("requested")
    if kind == "unsupported":
        return column.ignored("unsupported")
    if kind == "empty":
        return column.ignored("empty")
    wanted = name in options.use
    if column.same is not None and not wanted:
        return column.ignored("copy")
    if name in options.category:
        return column.decided("one-hot")
    if column.others is not None:
        count, row, cell = column.others
        what = "numbers" if kind == "number" else "dates"
        raise DataError(
            f'"{name}" is {what} in {column.known - count:,} of {column.known:,} rows, and text in the rest',
            got=f"{shown(cell)} in {row_words(row, where)}"
            + (f", and {count - 1:,} more that are no {what}" if count > 1 else ""),
            hint=Hint("empty these cells if they are not known, or pass {} or {}", category=name, ignore=name),
        )
    if not wanted and (reason := why_identifier(column) or ("constant" if column.constant else "")):
        return column.ignored(reason)
    if kind == "date":
        written = (column.month_first,) if options.month_first and column.month_first else column.formats
        return replace(column.decided("date parts", "date"), formats=written)
    if kind == "number":
        return column.decided(NUMBER_WORDS[options.numbers], "number")
    if column.distinct is not None and column.distinct <= FEW:
        return column.decided("one-hot")
    return column.decided("hashed", reason="many values")


def _meant_column(role: str, name: str, known: Collection[str]) -> str:
    """The next step for a column that does not exist; several columns are named one by one."""
    several = [each.strip() for each in name.split(",")]
    if role in LISTS and len(several) > 1 and all(each in known for each in several):
        return Hint("name each column on its own: {}", **{role: several})
    return meant(name, known, "check the spelling")


def left_out(columns: Sequence[Column]) -> dict[str, str]:
    """Why each column that no model learns from is left out, by its name."""
    return {column.name: column.treatment for column in columns if column.use == "ignored"}


def left_out_in_words(columns: Mapping[str, str]) -> str:
    """What `left_out` found: '"note" (free text), "row" (counts the rows)'; "" where every column is used."""
    return listed([f'"{name}" ({why})' for name, why in columns.items()], LISTED)


def _label_error(label: Column, where: str) -> DataError | None:
    """What is wrong with the column of the classes."""
    if label.missing:
        return DataError(
            f'the label "{label.name}" is missing in {label.missing:,} of {label.rows:,} rows of {where}',
            hint="drop these rows, or give the missing label a name of its own",
        )
    if label.type == "date" or (label.type == "number" and not label.whole):
        return DataError(
            f'the label "{label.name}" of {where} has {"dates" if label.type == "date" else "numbers with decimals"} '
            f"from {label.low:g} to {label.high:g}, and a label has classes",
            hint="name another label"
            if label.type == "date"
            else Hint("predict the number with {} in place of the label", target=label.name),
        )
    if label.type == "category" and label.distinct is None:
        return DataError(f'the label "{label.name}" of {where} has more than 20,000 classes', hint="name another label")
    if label.constant and not abs(label.high) >= EXACT:  # rounded, different classes would be equal
        return DataError(
            f'the label "{label.name}" is the same in every row of {where}',
            hint="name another label, or add rows of another class",
        )
    return None


def number_error(role: str, column: Column, where: str) -> DataError | None:
    """What is wrong with a column whose numbers are targets, or order or weigh the samples."""
    kinds = ("number", "date") if role == "time" else ("number",)
    if column.type in kinds and not column.missing and not column.others:
        return None
    held = f"{column.missing:,} missing values" if column.missing else "text"
    return DataError(
        f"{role} must be a column of {' or '.join(f'{kind}s' for kind in kinds)}, known in every row",
        got=f'{held} in "{column.name}" of {where}',
        hint="drop the rows without a number, or name another column" if role == "target" else "name another column",
    )


def target_error(column: Column, where: str) -> DataError | None:
    """What is wrong with a column of numbers to predict."""
    if error := number_error("target", column, where):
        return error
    if not np.isfinite([column.low, column.high]).all() or column.low == column.high:
        fault = "is the same in every row of" if column.low == column.high else "has an infinite value in"
        return DataError(
            f'the target "{column.name}" {fault} {where}', hint="correct these rows, or name another target"
        )
    return None


def questions(columns: Sequence[Column], options: TableOptions) -> Iterator[str]:
    """What the columns themselves give reason to ask, before any sample is looked at."""
    for label in columns:
        spread = label.high - label.low + 1
        if label.use == "label" and label.type == "number" and spread > max(CLASSES, 2 * label.rows**0.5):
            yield (
                f'the label "{label.name}" holds whole numbers from {label.low:g} to {label.high:g}, which become '
                "classes: " + Hint("if they measure something, pass {} in place of the label", target=label.name)
            )
    for column in columns:
        if errors := list(filter(ERROR.fullmatch, column.values)):
            yield f'"{column.name}" holds errors of a spreadsheet ({listed(errors, 3)}): correct or empty these cells'
    features = [column for column in columns if column.use == "feature"]
    for column in features:
        if column.kind == "number" and column.whole and has_identifier_name(column.name):
            yield f'"{column.name}" is used as a number, but has the name of an identifier: ignore it if it is one'
    for column in features:
        if column.kind == "date" and column.month_first and not options.month_first:
            ambiguous = f'the dates of "{column.name}" are ambiguous and are read with the day first: '
            yield ambiguous + Hint("pass {} if the month comes first", month_first=True)
