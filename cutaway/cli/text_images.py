"""Images drawn with letters, for terminals."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

IMAGE_WIDTH = 24
"""Letters in a row: three images fit side by side in 80 columns."""

INKS = " .:-=+*#%@"
"""Letters from dark to bright."""

ASPECT = 2
"""Height of a letter, in widths."""


def text_image(pixels: "np.ndarray") -> list[str]:
    """An image as lines of letters.

    Args:
        pixels: float ``(row, column)`` or ``(row, column, 3)`` in 0..1.
    """
    import numpy as np
    from PIL import Image

    gray = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    lines = max(1, round(IMAGE_WIDTH * gray.shape[0] / gray.shape[1] / ASPECT))
    image = Image.fromarray(np.asarray(gray, np.float32)).resize(
        (IMAGE_WIDTH, min(lines, IMAGE_WIDTH)), Image.Resampling.BOX
    )
    inks = np.rint(np.asarray(image) * (len(INKS) - 1)).astype(int).clip(0, len(INKS) - 1)
    return ["".join(INKS[ink] for ink in row) for row in inks]
