"""The record of a sheet of label issues."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from cutaway.errors import UsageError, escaped

from .sections import Image, Section

Action = Literal["keep", "relabel", "drop"]


@dataclass(frozen=True, kw_only=True)
class LabelIssue:
    """A sample whose label is probably wrong.

    Attributes:
        name: Its name, as the explorer of the page knows it.
        title: A few words, its name among them.
        given: The number of its class.
        suggested: The number of the class that is suggested.
        score: From 0 to 1; above 0.5 the models prefer another class.
        said: Sentences on what the models and its nearest samples say; may be empty.
        image: Its image; None for samples that are not images.
        values: What it is in text; may be empty.
        near: Its nearest other samples as images, each with its label below; may be empty.
        rows: A small table of it and its nearest other samples, a line of headings first; may be empty.
        action: What was decided before, or None.
        label: The number of the class that it got then; None unless it was relabeled.
        decided: Its name in the file of decisions, if it differs from the explorer's; else None.
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
    """Label issues, and the file with a person's decisions on them.

    Attributes:
        names: Names of the classes.
        issues: The worst first.
        file: The list as CSV, with columns for decisions.
        decisions: How many decisions on labels the run had when this was made.

    Raises:
        UsageError: There is no label issue, or a class has no name.
    """

    template: ClassVar[str] = "label_sheet.html"

    names: tuple[str, ...]
    issues: tuple[LabelIssue, ...]
    file: str
    decisions: int = 0

    def __post_init__(self) -> None:
        numbers = {n for each in self.issues for n in (each.given, each.suggested, each.label) if n is not None}
        classes = len(self.names)
        if not self.issues or not numbers <= set(range(classes)):
            raise UsageError(
                f"cannot show {len(self.issues)} label issues with the classes "
                f"{', '.join(map(str, sorted(numbers))) or 'none'} and {classes} class names",
                hint="pass at least one issue, and the names of all classes",
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
            "issues": [
                {
                    "sample": s.decided or s.name,
                    "suggested": s.suggested,
                    "action": s.action,
                    "label": s.label,
                }
                for s in self.issues
            ],
        }
