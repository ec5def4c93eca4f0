"""A matplotlib figure that notebooks display.

Imported only inside functions that draw with matplotlib, because it loads matplotlib.
"""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A matplotlib figure that a notebook shows as a picture, whatever its backend is set to."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()
