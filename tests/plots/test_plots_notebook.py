import io

import numpy as np
from PIL import Image

from cutaway.plots import embedding_scatter
from cutaway.plots.notebook import NotebookFigure


def test_a_notebook_displays_a_figure_as_a_picture():
    figure = embedding_scatter(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1]), ("a", "b"))
    assert isinstance(figure, NotebookFigure)
    picture = Image.open(io.BytesIO(figure._repr_png_()))
    assert picture.format == "PNG"
    assert min(picture.size) > 400
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
