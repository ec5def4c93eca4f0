"""Images in files: read with Pillow, one after another, and brought to one size on request.

In come folders of images, one for each class, or single files. Out come uint8 arrays, (sample, row, column) for gray
images and (sample, row, column, 3) for colored ones. Files are never written. May call `cutaway.errors` and
`cutaway.checks`; Pillow is imported inside the functions that need it.
"""

from .centering import Centering, as_centering, center_ink, paper_level
from .files import ENDINGS, check_size, image_files, new_image_files, read_image, read_images, read_new_image
