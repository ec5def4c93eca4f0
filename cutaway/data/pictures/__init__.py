"""Pictures in files: read with Pillow, one after another, and brought to one size on request.

In come folders of pictures, one for each class, or single files. Out come uint8 arrays, (sample, row, column) for gray
pictures and (sample, row, column, 3) for colored ones. Files are never written. May call `cutaway.errors` and
`cutaway.checks`; Pillow is imported inside the functions that need it.
"""

from .centering import center_digit
from .files import ENDINGS, PackedPicture, check_size, picture_files, read_picture, read_pictures
from .new_pictures import new_picture_files, read_new_picture

__all__ = [
    "ENDINGS",
    "PackedPicture",
    "center_digit",
    "check_size",
    "new_picture_files",
    "picture_files",
    "read_new_picture",
    "read_picture",
    "read_pictures",
]
