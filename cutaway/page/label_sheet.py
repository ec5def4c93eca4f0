"""The record of a sheet of suspect labels."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from cutaway.errors import UsageError, escaped

from .sections import Image, Section

Action = Literal["keep", "relabel", "drop"]


@dataclass(frozen=True, kw_only=True)
class SuspectLabel:
    """A sample whose label is suspect.

    Attributes:
        name: Its name, as the explorer of the page knows it.
        title: A few words, its name among them.
        given: The number of its class.
        suggested: The number of the class that is suggested.
        score: From 0 to 1, how suspect the label is.
        said: Sentences on how suspect it is; may be empty.
        image: Its image; None for samples that are not images.
        values: What it is in text; may be empty.
        near: Its nearest other samples as images, each with its label below; may be empty.
        rows: A small table of it and its nearest other samples, a line of headings first; may be empty.
        action: What was decided before, or None.
        label: The number of the class that it got then; None unless it was relabeled.
        decided: Its name in the file of decisions, where that is another than the explorer's; else None.
    """

    name: str
    title: str
    given: int
    suggested: int
    score: float
    said: tuple[str, ...] = ()
    image: Image | None = None
    values: str = ""
    near: tuple[Image, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    action: Action | None = None
    label: int | None = None
    decided: str | None = None

    @property
    def shown_name(self) -> str:
        """The name as the page writes it."""
        return escaped(self.name)


@dataclass(frozen=True, kw_only=True)
class LabelSheet(Section):
    """Suspect labels, and the file with a person's decisions on them.

    Attributes:
        names: Names of the classes.
        suspects: The worst first.
        file: The list as CSV, with columns for decisions.
        decisions: How many decisions on labels the run had when this was made.

    Raises:
        UsageError: There is no suspect, or the number of a class is none.
    """

    template: ClassVar[str] = "label_sheet.html"

    names: tuple[str, ...]
    suspects: tuple[SuspectLabel, ...]
    file: str
    decisions: int = 0

    def __post_init__(self) -> None:
        numbers = {n for each in self.suspects for n in (each.given, each.suggested, each.label) if n is not None}
        classes = len(self.names)
        if not self.suspects or not numbers <= set(range(classes)):
            raise UsageError(
                "a sheet of labels needs at least one suspect, and a name for each of its classes",
                got=f"{len(self.suspects)} suspects of the classes {', '.join(map(str, sorted(numbers))) or 'none'}, "
                f"{classes} names",
                hint="pass the names of all classes",
            )

    @property
    def address(self) -> str:
        """The file as an address of its own."""
        return f"data:text/csv;charset=utf-8;base64,{b64encode(self.file.encode()).decode()}"

    def document(self) -> dict[str, Any]:
        """What the page gets, as plain data."""
        return {
            "name": self.name,
            "decisions": self.decisions,
            "names": [escaped(name) for name in self.names],
            "suspects": [
                {
                    "sample": s.decided or s.name,
                    "suggested": s.suggested,
                    "action": s.action,
                    "label": s.label,
                }
                for s in self.suspects
            ],
        }
