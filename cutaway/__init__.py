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
    from cutaway.api.comparing import compare
    from cutaway.api.estimators import Classifier, Regressor
    from cutaway.api.label_issues import label_issues
    from cutaway.api.model_files import export, open_model
    from cutaway.api.opening import open_run
    from cutaway.api.record import record
    from cutaway.api.run import Run
    from cutaway.api.train import mlp, resume, train, train_like
    from cutaway.api.tsne import TSNE
    from cutaway.augmentation import Augmentation
    from cutaway.data import Dataset, Decision, Table, load_dataset
    from cutaway.exercises import check, exercises_done
    from cutaway.progress import CancelToken, Progress
    from cutaway.topics.comparison.result import Comparison
    from cutaway.topics.confidence.calibration import Calibration
    from cutaway.topics.confidence.coverage import Coverage
    from cutaway.topics.confidence.thresholds import Thresholds
    from cutaway.topics.doctor.doctor import doctor
    from cutaway.topics.doctor.result import Diagnosis
    from cutaway.topics.embedding.embedding import Embedding
    from cutaway.topics.embedding.sequence import EmbeddingSequence
    from cutaway.topics.errors.errors import Errors
    from cutaway.topics.explanation.result import Explanation
    from cutaway.topics.findings.verdict import Verdict
    from cutaway.topics.history.result import History
    from cutaway.topics.importance.result import Importances
    from cutaway.topics.influence.result import Influences
    from cutaway.topics.label_issues.result import LabelIssues
    from cutaway.topics.layers.layers import LayerHistory
    from cutaway.topics.learning_curve.learning_curve import LearningCurve
    from cutaway.topics.prediction.prediction import Predictions
    from cutaway.topics.preflight.preflight import preflight
    from cutaway.topics.preflight.result import Preflight
    from cutaway.topics.samples.dynamics import SampleDynamics
    from cutaway.topics.sweeps.result import Sweep
    from cutaway.topics.sweeps.sweep import open_sweep, sweep
    from cutaway.topics.units.units import Units
    from cutaway.training import Recorder

_MODULES = {
    "Augmentation": "cutaway.augmentation",
    "Calibration": "cutaway.topics.confidence.calibration",
    "CancelToken": "cutaway.progress",
    "Classifier": "cutaway.api.estimators",
    "Comparison": "cutaway.topics.comparison.result",
    "Coverage": "cutaway.topics.confidence.coverage",
    "Dataset": "cutaway.data",
    "Decision": "cutaway.data",
    "Diagnosis": "cutaway.topics.doctor.result",
    "Embedding": "cutaway.topics.embedding.embedding",
    "EmbeddingSequence": "cutaway.topics.embedding.sequence",
    "Errors": "cutaway.topics.errors.errors",
    "Explanation": "cutaway.topics.explanation.result",
    "Importances": "cutaway.topics.importance.result",
    "Influences": "cutaway.topics.influence.result",
    "History": "cutaway.topics.history.result",
    "LabelIssues": "cutaway.topics.label_issues.result",
    "LayerHistory": "cutaway.topics.layers.layers",
    "LearningCurve": "cutaway.topics.learning_curve.learning_curve",
    "Predictions": "cutaway.topics.prediction.prediction",
    "Preflight": "cutaway.topics.preflight.result",
    "Progress": "cutaway.progress",
    "Recorder": "cutaway.training",
    "Regressor": "cutaway.api.estimators",
    "Run": "cutaway.api.run",
    "SampleDynamics": "cutaway.topics.samples.dynamics",
    "Sweep": "cutaway.topics.sweeps.result",
    "TSNE": "cutaway.api.tsne",
    "Table": "cutaway.data",
    "Thresholds": "cutaway.topics.confidence.thresholds",
    "Units": "cutaway.topics.units.units",
    "Verdict": "cutaway.topics.findings.verdict",
    "check": "cutaway.exercises",
    "compare": "cutaway.api.comparing",
    "doctor": "cutaway.topics.doctor.doctor",
    "exercises_done": "cutaway.exercises",
    "export": "cutaway.api.model_files",
    "label_issues": "cutaway.api.label_issues",
    "load_dataset": "cutaway.data",
    "mlp": "cutaway.api.train",
    "open_model": "cutaway.api.model_files",
    "open_run": "cutaway.api.opening",
    "open_sweep": "cutaway.topics.sweeps.sweep",
    "preflight": "cutaway.topics.preflight.preflight",
    "record": "cutaway.api.record",
    "resume": "cutaway.api.train",
    "sweep": "cutaway.topics.sweeps.sweep",
    "train": "cutaway.api.train",
    "train_like": "cutaway.api.train",
}

__all__ = [
    "TSNE",
    "Augmentation",
    "Calibration",
    "CancelToken",
    "Canceled",
    "Classifier",
    "Comparison",
    "Coverage",
    "CutawayError",
    "CutawayWarning",
    "Dataset",
    "Decision",
    "Diagnosis",
    "Embedding",
    "EmbeddingSequence",
    "Errors",
    "Explanation",
    "History",
    "Importances",
    "Influences",
    "LabelIssues",
    "LayerHistory",
    "LearningCurve",
    "Predictions",
    "Preflight",
    "Progress",
    "Recorder",
    "Regressor",
    "Run",
    "SampleDynamics",
    "Sweep",
    "Table",
    "Thresholds",
    "Units",
    "Verdict",
    "check",
    "compare",
    "doctor",
    "exercises_done",
    "export",
    "label_issues",
    "load_dataset",
    "mlp",
    "open_model",
    "open_run",
    "open_sweep",
    "preflight",
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
