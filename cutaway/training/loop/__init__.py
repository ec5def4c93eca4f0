"""The training loop: chunks of steps, each one compiled call, with a checkpoint that nothing can tear.

In come a built model, `TrainingData`, a `TrainingConfig` and a `RunWriter`; out come a `TrainingResult` and the files
of the run. `trainer` drives the epochs, `step` is the compiled part. May call `cutaway.training.config`,
runs, models, metrics, parallel, progress and errors.
"""

from .evaluation import TrainingData
from .folds import FoldTrainer
from .trainer import train_model
