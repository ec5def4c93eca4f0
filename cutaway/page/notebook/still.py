"""The image that stays where a widget is not alive: in an exported notebook, or once the kernel has ended."""

import io

import numpy as np
from markupsafe import escape

from cutaway.page.explorer import Explorer
from cutaway.plots import data_uri, embedding_scatter

COLORS = 256
"""Colors of the image."""


def still_png(record: Explorer) -> bytes:
    """The map that an explorer shows first, as a PNG, in the colors of the classes or of the target."""
    layer, labels = record.layers[record.layer], record.columns[0]
    place, names = min(record.kept, len(layer.layouts) - 1), labels.names or (labels.title,)
    figure = embedding_scatter(
        layer.layouts[place].astype(np.float32), labels.values[0], names, title=still_title(record)
    )
    on_white = io.BytesIO()
    figure.savefig(on_white, format="png", bbox_inches="tight")
    return _smaller(on_white)


def _smaller(png: io.BytesIO) -> bytes:
    """The same image in few colors: a third of the bytes, and a notebook keeps two copies."""
    from PIL import Image

    file = io.BytesIO()
    with Image.open(png) as picture:
        picture.convert("RGB").quantize(COLORS).save(file, "PNG", optimize=True)
    return file.getvalue()


def still_title(record: Explorer) -> str:
    """What the image shows, in a few words."""
    layer = record.layers[record.layer]
    return f"{layer.title}, epoch {record.epochs[record.kept]}: {record.count:,} samples"


def still_html(record: Explorer, png: bytes, *, key: str) -> str:
    """HTML of the image, which the widget of this key hides as long as it is alive."""
    style = "max-width: 100%; height: auto; background: #ffffff; border-radius: 6px"
    image = f'<img src="{data_uri(png)}" alt="{escape(still_title(record))}" style="{style}">'
    return f'<div class="cutaway-still-{escape(key)}">{image}</div>'
