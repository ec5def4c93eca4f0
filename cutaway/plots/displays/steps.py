"""Embeddings of the same samples, step by step: side by side, and as a film, on the same axes."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.plots.scatter import draw_points, legend_beside
from cutaway.plots.theme import ON_LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 0.04
"""Share of the widest extent that is left free on each side."""

BETWEEN = 7
"""Images of a film from one step to the next."""

STILL, MOVING = 1100, 60
"""Milliseconds that a step is shown, and an image on the way to the next."""

DOTS = 80
"""Dots an inch of a film."""

QUALITY = 75
"""Quality of the images of a film in the format WebP, 0..100."""


def embedding_steps(
    xy: ArrayLike, labels: ArrayLike, class_names: Sequence[str], *, titles: Sequence[str], columns: int = 4
) -> "Figure":
    """Draw embeddings side by side with matplotlib, all with the same limits and scale.

    Args:
        xy: Coordinates (step, sample, 2).
        labels: Class of each sample, integers (sample,) in 0..len(class_names)-1; or a number, floats.
        class_names: One name per class, or that of the number.
        titles: What each step is, set above it.
        columns: Maximum number of steps in a row.

    Raises:
        DataError: There is no step, or no column.
    """
    from cutaway.plots.notebook import axes_grid, finished

    points, classes = np.asarray(xy, np.float32), np.asarray(labels)
    figure, every = axes_grid(points, columns=columns, size=(2.7, 2.9))
    limits = _limits(points)
    for axes, step, title in zip(every, points, titles, strict=True):
        _draw_step(axes, step, classes, class_names, limits)
        axes.set_title(title, loc="left", fontsize="medium")
    legend_beside(figure, classes, class_names)
    return finished(figure)


def embedding_film(
    xy: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    titles: Sequence[str],
) -> bytes:
    """Make an animated image: each step stands still for a second, and points go straight to the next one.

    Args:
        xy: As for `embedding_steps`.
        labels: As for `embedding_steps`.
        class_names: As for `embedding_steps`.
        titles: As for `embedding_steps`.

    Returns:
        The bytes of the file, which plays forever.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    from cutaway.plots.notebook import finished

    points, classes = np.asarray(xy, np.float32), np.asarray(labels)
    figure = Figure(figsize=(5.4, 5.4), dpi=DOTS, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.subplots()
    drawn = _draw_step(axes, points[0], classes, class_names, _limits(points))
    heading = axes.set_title(max(titles, key=len), loc="left")
    legend_beside(figure, classes, class_names)
    finished(figure)
    heading.set_color(ON_LIGHT)
    canvas.draw()
    figure.set_layout_engine("none")  # images do not move within the film
    images: list[Any] = []
    durations: list[int] = []
    for step, share in _moments(len(points)):
        here = points[step] if share == 0 else (1 - share) * points[step] + share * points[step + 1]
        for chosen, collection in drawn:
            collection.set_offsets(here[chosen])
        heading.set_text(titles[step] if share < 0.5 else titles[step + 1])
        canvas.draw()
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
        durations.append(STILL if share == 0 else MOVING)
    file = io.BytesIO()
    more: dict[str, Any] = {"append_images": images[1:], "duration": durations, "quality": QUALITY, "method": 2}
    images[0].save(file, "WEBP", save_all=True, loop=0, **more)
    return file.getvalue()


def _moments(steps: int) -> list[tuple[int, float]]:
    """The images of a film: the step each one begins from, and the share of the way to the next, smoothly."""
    ways = [x * x * (3 - 2 * x) for x in np.arange(1, BETWEEN + 1) / (BETWEEN + 1)]
    return [(step, share) for step in range(steps) for share in (0.0, *(ways if step + 1 < steps else []))]


def _limits(points: NDArray[np.float32]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The same limits of x and y for all steps: squares, so a distance is equally long in each direction."""
    low, high = points.min(axis=(0, 1)).astype(float), points.max(axis=(0, 1)).astype(float)
    half = (0.5 + MARGIN) * (float((high - low).max()) or 1.0)
    (x, y) = ((low + high) / 2).tolist()
    return (x - half, x + half), (y - half, y + half)


def _draw_step(
    axes: "Axes",
    points: NDArray[np.float32],
    classes: NDArray[Any],
    class_names: Sequence[str],
    limits: tuple[tuple[float, float], tuple[float, float]],
) -> Any:
    drawn = draw_points(axes, points, classes, class_names)
    axes.set(xlim=limits[0], ylim=limits[1], aspect="equal")
    return drawn
