# pyright: reportUnusedImport=false
"""Model files: `open_model` reads anyone's, `export` writes one for other programs."""

from .exporting import Export, export, write_export
from .inspecting import ModelSummary, inspect_model, open_model
