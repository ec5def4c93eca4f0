"""A film of embeddings as the user holds it."""

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutaway.errors import UsageError
from cutaway.results.notebook import joined_html, line_html, picture_html
from cutaway.results.written import WrittenFile
from cutaway.runs import write_output

ENDINGS = (".webp", ".gif")


@dataclass(frozen=True, eq=False)
class Film:
    """An animated image of a sequence of embeddings, made by `EmbeddingSequence.film`.

    A notebook plays it, or shows the steps side by side to a reader who wants no animations.

    Attributes:
        names: What the steps are.
        kind: "webp" or "gif".
        data: The bytes of the image.
        still: The bytes of a PNG with all steps side by side.
    """

    names: tuple[str, ...]
    kind: str
    data: bytes = field(repr=False)
    still: bytes = field(repr=False)

    def __repr__(self) -> str:
        return f"<Film of {len(self.names)} steps, {self.names[0]} to {self.names[-1]}: {len(self.data) / 1e6:.1f} MB>"

    def save(self, path: str | Path) -> Path:
        """Write it into a file, and return its path.

        Args:
            path: Ends in .webp or .gif.

        Raises:
            UsageError: It ends in something else, or cannot be written.
        """
        where = Path(path)
        if where.suffix.lower() not in ENDINGS:
            raise UsageError(
                "a film is written to a file that ends in .webp or .gif",
                got=str(path),
                hint='pass for example "film.gif"',
            )
        kind = where.suffix.lower()[1:]
        write_output(where, self.data if kind == self.kind else _converted(self.data, kind))
        return WrittenFile(where)

    def _repr_html_(self) -> str:
        film, still = (base64.b64encode(data).decode() for data in (self.data, self.still))
        picture = picture_html(
            f"data:image/{self.kind};base64,{film}", alt=repr(self), still=f"data:image/png;base64,{still}"
        )
        return joined_html(line_html(self), picture)


def _converted(data: bytes, kind: str) -> bytes:
    """An animated image in another format."""
    from PIL import Image, ImageSequence

    pictures, durations = list[Any](), list[int]()
    with Image.open(io.BytesIO(data)) as film:
        for frame in ImageSequence.Iterator(film):
            pictures.append(frame.convert("RGB"))
            durations.append(frame.info["duration"])
    file = io.BytesIO()
    pictures[0].save(
        file, kind.upper(), save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
    )
    return file.getvalue()
