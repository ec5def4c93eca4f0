"""Train a feed-forward network and cut it open: what does each layer know, when did it learn it, where does it fail?

>>> import cutaway as ct
>>> data = ct.load_dataset("mnist")
>>> model = ct.mlp(hidden=(512, 512), dropout=0.2)
>>> run = ct.train(model, data, epochs=5, seed=0)
>>> run.report("report.html")
"""

import os
import sys
from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

__version__ = "0.1.0"

if "keras" not in sys.modules:
    os.environ.setdefault("KERAS_BACKEND", "jax")  # wins over ~/.keras/keras.json, where an old install left its name

if TYPE_CHECKING:
    from cutaway.api.embedding import Embedding
    from cutaway.api.models import export, open_model, record
    from cutaway.api.run import Run, open_run
    from cutaway.api.sequence import EmbeddingSequence
    from cutaway.api.train import mlp, resume, train
    from cutaway.data import Dataset, load_dataset
    from cutaway.errors import CutawayError
    from cutaway.progress import Progress
    from cutaway.training import Recorder

_MODULES = {
    "CutawayError": "cutaway.errors",
    "Dataset": "cutaway.data",
    "Embedding": "cutaway.api.embedding",
    "EmbeddingSequence": "cutaway.api.sequence",
    "Progress": "cutaway.progress",
    "Recorder": "cutaway.training",
    "Run": "cutaway.api.run",
    "export": "cutaway.api.models",
    "load_dataset": "cutaway.data",
    "mlp": "cutaway.api.train",
    "open_model": "cutaway.api.models",
    "open_run": "cutaway.api.run",
    "record": "cutaway.api.models",
    "resume": "cutaway.api.train",
    "train": "cutaway.api.train",
}

__all__ = [
    "CutawayError",
    "Dataset",
    "Embedding",
    "EmbeddingSequence",
    "Progress",
    "Recorder",
    "Run",
    "export",
    "load_dataset",
    "mlp",
    "open_model",
    "open_run",
    "record",
    "resume",
    "train",
]


__getattr__ = lazy_getattr(__name__, _MODULES)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
