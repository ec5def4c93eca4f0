"""The list of all data sources."""

from . import digits, folder, images, mnist, npz, table
from .record import DataSource

SOURCES: tuple[DataSource, ...] = (
    mnist.SOURCE,
    digits.SOURCE,
    images.SOURCE,
    table.SOURCE,
    folder.SOURCE,
    npz.SOURCE,
)
"""The first one that matches loads the data. A new source is one file and one line here."""
