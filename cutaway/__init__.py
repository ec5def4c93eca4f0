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

from cutaway._lazy import lazy_getattr, public
from cutaway.errors import Canceled, CutawayError, CutawayWarning

__version__ = "0.1.0"

if "keras" not in sys.modules:
    os.environ.setdefault("KERAS_BACKEND", "jax")  # wins over ~/.keras/keras.json, where an old install left its name

if TYPE_CHECKING:
    from cutaway.api.analyses import (
        Calibration,
        ConfusedPairs,
        Coverage,
        Embedding,
        EmbeddingSequence,
        Explanation,
        Generalization,
        History,
        Importances,
        Influences,
        LayerHistory,
        LearningCurve,
        Robustness,
        SampleDynamics,
        Thresholds,
        Units,
    )
    from cutaway.api.classifier import Classifier
    from cutaway.api.comparison import Comparison, compare
    from cutaway.api.doctor import Diagnosis, doctor
    from cutaway.api.labels import LabelIssues, label_issues
    from cutaway.api.model_files import export, open_model
    from cutaway.api.opening import open_run
    from cutaway.api.prediction import Predictions
    from cutaway.api.record import record
    from cutaway.api.run import Run
    from cutaway.api.start import Processes, join_processes
    from cutaway.api.sweeps import Sweep, join_sweep, open_sweep, sweep
    from cutaway.api.train import mlp, resume, train, train_like
    from cutaway.data import Dataset, Decision, Table, load_dataset
    from cutaway.progress import CancelToken, Progress
    from cutaway.training import Recorder

_MODULES = {
    "Calibration": "cutaway.api.analyses",
    "CancelToken": "cutaway.progress",
    "Classifier": "cutaway.api.classifier",
    "Comparison": "cutaway.api.comparison",
    "ConfusedPairs": "cutaway.api.analyses",
    "Coverage": "cutaway.api.analyses",
    "Dataset": "cutaway.data",
    "Decision": "cutaway.data",
    "Diagnosis": "cutaway.api.doctor",
    "Embedding": "cutaway.api.analyses",
    "EmbeddingSequence": "cutaway.api.analyses",
    "Explanation": "cutaway.api.analyses",
    "Generalization": "cutaway.api.analyses",
    "Importances": "cutaway.api.analyses",
    "Influences": "cutaway.api.analyses",
    "History": "cutaway.api.analyses",
    "LabelIssues": "cutaway.api.labels",
    "LayerHistory": "cutaway.api.analyses",
    "LearningCurve": "cutaway.api.analyses",
    "Predictions": "cutaway.api.prediction",
    "Processes": "cutaway.api.start",
    "Progress": "cutaway.progress",
    "Recorder": "cutaway.training",
    "Robustness": "cutaway.api.analyses",
    "Run": "cutaway.api.run",
    "SampleDynamics": "cutaway.api.analyses",
    "Sweep": "cutaway.api.sweeps",
    "Table": "cutaway.data",
    "Thresholds": "cutaway.api.analyses",
    "Units": "cutaway.api.analyses",
    "compare": "cutaway.api.comparison",
    "doctor": "cutaway.api.doctor",
    "export": "cutaway.api.model_files",
    "join_processes": "cutaway.api.start",
    "join_sweep": "cutaway.api.sweeps",
    "label_issues": "cutaway.api.labels",
    "load_dataset": "cutaway.data",
    "mlp": "cutaway.api.train",
    "open_model": "cutaway.api.model_files",
    "open_run": "cutaway.api.opening",
    "open_sweep": "cutaway.api.sweeps",
    "record": "cutaway.api.record",
    "resume": "cutaway.api.train",
    "sweep": "cutaway.api.sweeps",
    "train": "cutaway.api.train",
    "train_like": "cutaway.api.train",
}

__all__ = [
    "Calibration",
    "CancelToken",
    "Canceled",
    "Classifier",
    "Comparison",
    "ConfusedPairs",
    "Coverage",
    "CutawayError",
    "CutawayWarning",
    "Dataset",
    "Decision",
    "Diagnosis",
    "Embedding",
    "EmbeddingSequence",
    "Explanation",
    "Generalization",
    "History",
    "Importances",
    "Influences",
    "LabelIssues",
    "LayerHistory",
    "LearningCurve",
    "Predictions",
    "Processes",
    "Progress",
    "Recorder",
    "Robustness",
    "Run",
    "SampleDynamics",
    "Sweep",
    "Table",
    "Thresholds",
    "Units",
    "compare",
    "doctor",
    "export",
    "join_processes",
    "join_sweep",
    "label_issues",
    "load_dataset",
    "mlp",
    "open_model",
    "open_run",
    "open_sweep",
    "record",
    "resume",
    "sweep",
    "train",
    "train_like",
]


__getattr__ = lazy_getattr(__name__, _MODULES, mark=True)

for _error in (Canceled, CutawayError, CutawayWarning):
    public(_error)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
