"""Makes the widget of an explorer, if the package that shows it is there."""

from typing import TYPE_CHECKING

from cutaway.checks import check_whole
from cutaway.errors import UsageError, install_hint
from cutaway.page.explorer import Explorer

if TYPE_CHECKING:
    from .widget import ExplorerWidget

HEIGHT = 480
"""Height of the large map, in CSS pixels."""


def explorer_widget(record: Explorer, *, height: int = HEIGHT) -> "ExplorerWidget":
    """Make a widget that shows an explorer in a notebook.

    Args:
        record: What it shows.
        height: Height of the large map in CSS pixels, 200..4000.

    Raises:
        UsageError: anywidget is not installed, or the height is outside its range.
    """
    height = check_widget(height=height)

    from .widget import ExplorerWidget

    return ExplorerWidget(record, height=height)


def check_widget(*, height: int) -> int:
    """Return the height of a widget as an int, if there can be one: before the work that its record takes.

    Raises:
        UsageError: See `explorer_widget`.
    """
    height = check_whole(height, name="height", least=200, most=4000)
    try:
        import cutaway.page.notebook.widget  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"exploring in a notebook needs the package anywidget, which is not installed ({error})",
            hint=f"{install_hint('notebook')}, or open the file of run.report()",
        ) from error
    return height
