"""Pictures of what a run holds.

In come arrays and lists of plain records; out goes a matplotlib figure, a Bokeh model, or the bytes of a PNG.
Nothing is read, written or remembered here, and no global setting of either library is touched. May call only
`cutaway.errors`; matplotlib, Bokeh and Pillow are loaded when the first figure is asked for.
"""

from .activation import activation, activation_bokeh
from .confusion import confusion_matrix, confusion_matrix_bokeh
from .curves import learning_curves, learning_curves_bokeh
from .picture import data_uri, picture_png, signed_png, sprite_sheet
from .scatter import embedding_scatter, embedding_scatter_bokeh
from .theme import CLASS_COLORS, ClassStyle, class_style

__all__ = [
    "CLASS_COLORS",
    "ClassStyle",
    "activation",
    "activation_bokeh",
    "class_style",
    "confusion_matrix",
    "confusion_matrix_bokeh",
    "data_uri",
    "embedding_scatter",
    "embedding_scatter_bokeh",
    "learning_curves",
    "learning_curves_bokeh",
    "picture_png",
    "signed_png",
    "sprite_sheet",
]
