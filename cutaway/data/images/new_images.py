"""New images, read as the images that a model was trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cutaway.checks import warn_user
from cutaway.errors import UsageError
from cutaway.image_shape import ImageShape

from .centering import Centering, center_ink
from .files import ENDINGS, image_files, read_image


def new_image_files(paths: Sequence[Path]) -> list[Path]:
    """The image files that some paths lead to; a folder stands for the images in it.

    Raises:
        UsageError: There is no image.
    """
    files = [file for path in paths for file in (image_files(path) if path.is_dir() else [path])]
    if not files:
        inner = [each for path in paths if path.is_dir() for each in sorted(path.iterdir()) if each.is_dir()]
        with_images = next((each for each in inner if image_files(each)), None)
        raise UsageError(
            f"a folder of new samples holds images ({', '.join(ENDINGS)}), not folders of them",
            got=str(paths[0]),
            hint="check the path" if with_images is None else f"pass the folders in it, such as {with_images}",
        )
    return files


def read_new_image(path: Path, *, shape: Sequence[int], scale: float, centering: Centering | None = None) -> np.ndarray:
    """Read an image for a model.

    Args:
        path: The file.
        shape: Shape of the model's samples.
        scale: The value in those samples that becomes 1: 255, or 16 for scikit-learn's digits.
        centering: How the model's samples were made, where they show single digits or letters.

    Returns:
        uint8 or float32 of that shape.

    Raises:
        UsageError: The model is not fed images.
        DataError: The file is not an image.
    """
    wanted = ImageShape.of(shape)
    if wanted is None:
        raise UsageError(
            "a model that is fed images can be asked about images",
            got=f"{path} for samples of the shape {shape}",
            hint="pass an array of that shape",
        )
    size = (wanted.rows, wanted.columns)
    if centering is not None:
        image = center_ink(read_image(path, mode="L"), shape=size, centering=centering)
        if image is None:
            warn_user(f"no digit or letter is seen in {path}, so the prediction is that of an empty image")
            image = np.full(size, 255 * centering.dark_ink, np.uint8)
    else:
        image = read_image(path, mode="L" if wanted.is_gray else "RGB", size=size)
    image = image.reshape(shape)
    return image if scale == 255 else (image * (scale / 255)).astype(np.float32)
