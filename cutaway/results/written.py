"""Files that were written for the user."""

import html
import os
from pathlib import Path


class WrittenFile(type(Path())):
    """The path of a file that was written; a notebook shows it as a link."""

    def _repr_html_(self) -> str:
        return self.link()

    def link(self) -> str:
        """A link to the file as HTML."""
        where = os.path.relpath(self)  # a notebook serves the folder in which it runs
        return f'<a href="{html.escape(where)}" target="_blank">{html.escape(str(self))}</a>'
