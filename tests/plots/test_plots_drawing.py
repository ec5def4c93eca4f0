import io

import numpy as np
from PIL import Image

from cutaway.plots import embedding_scatter
from cutaway.plots.drawing import Drawing


def test_a_notebook_gets_a_picture_without_any_setting():
    figure = embedding_scatter(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1]), ("a", "b"))
    assert isinstance(figure, Drawing)
    picture = Image.open(io.BytesIO(figure._repr_png_()))
    assert picture.format == "PNG"
    assert min(picture.size) > 400
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
