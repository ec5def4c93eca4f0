"""Samples as cards show them: an image, or the first values."""

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.page import Image

from .sample_values import values_of


def shown_samples(
    context: RunContext, ids: SampleIds, *, name: bool = False
) -> list[tuple[str, tuple[Image, ...], str]]:
    """Samples as cards show them.

    Args:
        context: The run.
        ids: The samples.
        name: Whether the title also says the place in the data, where it is not part of the name.

    Returns:
        For each: its title; its image, or nothing; and its first values, or "" where there is an image.
    """
    from cutaway.plots import image_png

    ids = context.named(ids)
    places, classes = ids.places(), context.data.y(ids)
    images = context.data.images(ids)
    values = values_of(context, ids) if images is None else []
    found: list[tuple[str, tuple[Image, ...], str]] = []
    for i in range(len(ids)):
        title = ids[i] if not name or places[i] in ids[i] else f"{ids[i]} ({places[i]})"
        if images is not None:
            alt = f"{ids[i]}, labeled {context.class_names[int(classes[i])]}"
            found.append((title, (Image(image_png(images[i], scale=3), alt),), ""))
        else:
            found.append((title, (), values[i]))
    return found
