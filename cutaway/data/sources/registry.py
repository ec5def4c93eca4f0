"""The list of all data sources."""

from . import digits, folder, mnist, npz, pictures, table
from .record import DataSource

SOURCES: tuple[DataSource, ...] = (
    mnist.SOURCE,
    digits.SOURCE,
    pictures.SOURCE,
    table.SOURCE,
    folder.SOURCE,
    npz.SOURCE,
)
"""The first one that matches loads the data. A new source is one file and one line here."""
