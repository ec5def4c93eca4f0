"""Image files: finding them, and reading them as arrays of one size."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from cutaway.checks import check_regular, warn_user
from cutaway.errors import DataError, Hint, UsageError, os_errors
from cutaway.image_shape import ImageShape
from cutaway.parallel import ask_memory
from cutaway.words import listed, shown

from .centering import Centering, center_ink

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
"""Pillow's readers that are used; it has many more, for formats that nobody trains on."""

MOST_PIXELS = 64_000_000
"""Pixels of one image at most, checked before it is decoded: a file of 1 kB can declare a billion."""

Mode = Literal["L", "RGB"]
T = TypeVar("T")


def image_files(folder: Path) -> list[Path]:
    """The images in a folder, by the ending of their names, sorted; hidden files are left out.

    Raises:
        DataError: The folder cannot be read.
    """
    with os_errors(f"cannot read the folder of images {folder}", hint="check its permissions", kind=DataError):
        found = [p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and not p.name.startswith(".")]
    return sorted(path for path in found if path.is_file())


def check_size(size: object) -> tuple[int, int] | None:
    """Return the size that images are brought to: (rows, columns), or None to keep theirs.

    Raises:
        UsageError: It is neither one number of pixels nor two, each from 1 to 4096.
    """
    if size is None:
        return None
    sides = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, tuple | list) else ()
    if len(sides) != 2 or not all(type(side) is int and 1 <= side <= 4096 for side in sides):
        raise UsageError(
            f"size must be a number of pixels, or (rows, columns), not {shown(size)}",
            hint=Hint("pass for example {}", size=(28, 28)),
        )
    return sides


def read_image(path: Path, *, mode: Mode | None = None, size: tuple[int, int] | None = None) -> np.ndarray:
    """Read one image, turned upright as its EXIF data say.

    Args:
        path: The file; of several frames the first counts.
        mode: "L" for gray, "RGB" for color, or None for whichever the file holds.
        size: (rows, columns) to resize it to, or None.

    Returns:
        uint8 (row, column), or (row, column, 3).

    Raises:
        DataError: The file is not an image, is damaged, or has too many pixels.
    """
    return _read(path, lambda image: np.asarray(_converted(image, mode or _mode(image), size)))


def read_images(files: Sequence[Path], *, size: tuple[int, int] | None) -> np.ndarray:
    """Read images into one array: gray if all of them are, else in color.

    Args:
        files: The files, at least one.
        size: (rows, columns) to resize them to; None if they all have one size.

    Returns:
        uint8 (sample, row, column), or (sample, row, column, 3).

    Raises:
        DataError: Some cannot be read: which, and how many. Or their sizes differ and `size` is None.
    """
    found = _read_once(files, size=size)
    if size is None and len(found.sizes) > 1:
        raise _differ(found.sizes)
    if found.images is not None:
        return found.images
    if found.no_room is not None:
        raise found.no_room
    sides = size or next(iter(found.sizes))
    images = _allocate((len(files), *sides, 3))
    for number, path in enumerate(files):  # gray and colored ones: all in color
        images[number] = read_image(path, mode="RGB", size=size)
    return images


@dataclass
class _Found:
    """What was found in image files.

    Attributes:
        images: uint8 (sample, ...), if all are gray or all are colored, and of one size.
        sizes: Each size that occurs, with the names of its files.
        no_room: The error, if there is no memory for this many images of the size of the first.
    """

    images: np.ndarray | None
    sizes: dict[tuple[int, int], list[str]]
    no_room: DataError | None = None


def _read_once(files: Sequence[Path], *, size: tuple[int, int] | None) -> _Found:
    """Read images as long as they are alike, and of the others only the heads.

    Raises:
        DataError: Some cannot be read.
    """
    found, modes, broken = _Found(None, {}), set[Mode](), list[DataError]()
    for number, path in enumerate(files):
        alike = len(modes) < 2 and (size is not None or len(found.sizes) < 2) and found.no_room is None
        try:
            mode, held, image = _read(path, lambda opened, alike=alike: _looked_at(opened, size, decode=alike))
        except DataError as error:
            broken.append(error)
            continue
        modes.add(mode)
        found.sizes.setdefault(held, []).append(str(path))
        if image is None or len(modes) > 1 or (size is None and len(found.sizes) > 1):
            found.images = None
            continue
        if found.images is None:
            try:
                found.images = _allocate((len(files), *image.shape))
            except DataError as error:
                found.no_room = error
                continue
        found.images[number] = image
    _refuse(broken)
    return found


def _looked_at(
    image: "Image", size: tuple[int, int] | None, *, decode: bool
) -> tuple[Mode, tuple[int, int], np.ndarray | None]:
    """Whether an image is gray, its (rows, columns) in the file, and its pixels if it is decoded."""
    mode, held = _mode(image), _upright_size(image)
    return mode, held, np.asarray(_converted(image, mode, size)) if decode else None


def _allocate(shape: tuple[int, ...]) -> np.ndarray:
    ask_memory(
        math.prod(shape),
        what="images, a byte for each pixel and color,",
        got=f"{shape[0]:,} images of {shape[1]} x {shape[2]} pixels",
        hint=Hint("bring them to a smaller size with {}", size=None),
    )
    return np.empty(shape, np.uint8)


def _differ(sizes: dict[tuple[int, int], list[str]]) -> DataError:
    frequent = sorted(sizes, key=lambda size: -len(sizes[size]))
    (one, other), kinds = frequent[:2], f"; {len(sizes):,} sizes in all (rows x columns)"
    return DataError(
        "images have different sizes",
        got=f"{one[0]} x {one[1]} pixels in {_files(sizes[one])} and {other[0]} x {other[1]} in "
        f"{_files(sizes[other])}{kinds}",
        hint=Hint("pass {} or another", size=one),
    )


def _files(names: list[str]) -> str:
    """How many files there are, with an example: "39 files such as 7/a.png"."""
    return f"{len(names):,} files such as {names[0]}" if len(names) > 1 else f"1 file, {names[0]}"


def _refuse(broken: list[DataError]) -> None:
    if broken:
        raise DataError(listed([each.fault for each in broken], 1), hint="fix or remove the files") from None


def _read(path: Path, use: "Callable[[Image], T]") -> T:
    from PIL import Image, UnidentifiedImageError

    check_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, on odd metadata and on sizes that are checked here
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError(f"{image.width:,} x {image.height:,} pixels")
                return use(image)
    except UnidentifiedImageError:
        raise _damaged(path, "no image of a known format") from None
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{path} has more than {MOST_PIXELS // 1_000_000} million pixels ({error})", hint="make it smaller"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} is not a complete {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file ({why})",
        hint="open it in an image viewer and save it again",
    )


def _mode(image: "Image") -> Mode:
    """Whether an image is gray: by its mode, and by its palette if it has one."""
    if image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16"):
        return "L"
    if image.mode == "P" and image.palette is not None:
        colors = np.frombuffer(bytes(image.palette.palette), np.uint8)
        colors = colors[: len(colors) // 3 * 3].reshape(-1, 3)
        return "L" if (colors == colors[:, :1]).all() else "RGB"
    return "RGB"


def _upright_size(image: "Image") -> tuple[int, int]:
    """(rows, columns) once the image is turned as its EXIF data say: 5 to 8 stand for a quarter turn."""
    turned = image.getexif().get(0x0112) in (5, 6, 7, 8)
    return (image.width, image.height) if turned else (image.height, image.width)


def _converted(image: "Image", mode: Mode, size: tuple[int, int] | None) -> "Image":
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits per pixel: the upper eight
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")  # transparent pixels show a white page
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert(mode)
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    return image


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
            f"no images in {paths[0]} ({', '.join(ENDINGS)})",
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
            f"the model takes samples of the shape {shape}, not images like {path}", hint="pass an array of that shape"
        )
    size = (wanted.rows, wanted.columns)
    if centering is not None:
        image = center_ink(read_image(path, mode="L"), shape=size, centering=centering)
        if image is None:
            warn_user(f"no digit or letter is seen in {path}, so the prediction is for an empty image")
            image = np.full(size, 255 * centering.dark_ink, np.uint8)
    else:
        image = read_image(path, mode="L" if wanted.is_gray else "RGB", size=size)
    image = image.reshape(shape)
    return image if scale == 255 else (image * (scale / 255)).astype(np.float32)
