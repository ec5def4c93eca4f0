"""A figure of matplotlib that shows itself.

Imported only by what draws with matplotlib, because it loads it.
"""

import io

from matplotlib.figure import Figure


class Drawing(Figure):
    """A matplotlib figure that a notebook shows as a picture, whatever its backend is set to."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()
