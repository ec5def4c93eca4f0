import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from cutaway.plots import (
    Bars,
    Panel,
    Series,
    bars,
    confidence_scatter,
    confusion_matrix,
    data_map,
    embedding_scatter,
    finding_list,
    heat_map,
    image_grid,
    learning_curves,
    panels,
)
from cutaway.plots.notebook import NotebookFigure
from cutaway.plots.theme import INK, ON_LIGHT

TWO = np.array([0.2, 0.8])
HISTORY = [{"epoch": 1, "loss": 1.0, "val_loss": 1.0}, {"epoch": 2, "loss": 0.5, "val_loss": 0.7}]
FIGURES = {
    "bars": lambda: bars([Bars("t", ["a", "b"], TWO, x_label="x")], title="t"),
    "confidence": lambda: confidence_scatter(TWO, TWO, np.array([0, 1]), runs=("a", "b")),
    "confusion": lambda: confusion_matrix(np.array([[3, 1], [0, 4]]), ("a", "b")),
    "data map": lambda: data_map(TWO / 2, TWO, np.array([0, 1]), ("a", "b"), title="t"),
    "findings": lambda: finding_list(["note"], ["t"], ["text"]),
    "heat map": lambda: heat_map(np.eye(2), rows=("a", "b"), columns=("a", "b"), title="t", x_label="x"),
    "learning curves": lambda: learning_curves(HISTORY, turned=1, kept=2, title="t"),
    "panels": lambda: panels([Panel("t", "x", "y", [Series("a", TWO, TWO)])], title="t"),
    "images": lambda: image_grid(np.zeros((2, 4, 4), np.uint8), ("a", "b")),
    "scatter": lambda: embedding_scatter(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1]), ("a", "b"), title="t"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_suits_light_and_dark_notebooks(name):
    figure = FIGURES[name]()
    shown = Image.open(io.BytesIO(figure._repr_png_()))
    picture = np.asarray(shown.convert("RGBA"))
    assert (type(figure), shown.format, len(np.unique(picture)) > 10) == (NotebookFigure, "PNG", True)
    assert picture[0, 0, 3] == picture[-1, -1, 3] == 0, "there is no background"
    figure.savefig(saved := io.BytesIO(), format="png")
    assert np.asarray(Image.open(saved).convert("RGBA"))[0, 0].tolist() == [255] * 4, "a file is on white"
    on_cells = {"confusion": {ON_LIGHT}, "heat map": {ON_LIGHT, "#ffffff"}}.get(name, set())
    colors = {to_hex(text.get_color()) for text in figure.findobj(Text) if text.get_visible() and text.get_text()}
    assert INK in colors
    assert colors <= {INK, *on_cells}
