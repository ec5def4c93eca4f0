"""Data in the studio: where a person may choose them, and uploads.

A page never names a path: data are a bundled dataset, an upload, or a folder that was named when the studio was
started and parts below it, which are followed without leaving it.
"""

from .references import DataReference, DataRoots, list_folder, resolve
from .uploads import Uploads, upload_name

__all__ = ["DataReference", "DataRoots", "Uploads", "list_folder", "resolve", "upload_name"]
