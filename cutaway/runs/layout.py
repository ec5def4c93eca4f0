"""Names of the files in a run folder, in one place.

runs/20261124-211500-mnist-7f3a/
  run.json                        the manifest: the settings and the outcome
  history.jsonl                   one line per epoch, and "progress" lines between them
  snapshots/epoch-0000.safetensors    the weights after each epoch (0000: as initialized)
  checkpoint.safetensors          everything that resuming needs
  predictions/epoch-0003.npy      float16 (sample, class), rows in the order train, val, test; none if too large
  folds/KEY-0-3.safetensors       the predictions of a cross-validation, if there was one: seed 0, fold 3
  title.txt                       a title that a person gave the run, if any
  labels.csv                      a person's decisions on labels, if there are any; lines are only added
  report.html
"""

from pathlib import Path

RUNS = "runs"
"""Folder for runs, below the current one, unless the user names another."""

MANIFEST = "run.json"
SWEEP = "sweep.json"  # of a folder whose trials are runs
HISTORY = "history.jsonl"
CHECKPOINT = "checkpoint.safetensors"
REPORT = "report.html"
LABELS = "labels.csv"
TITLE = "title.txt"

TITLE_LENGTH = 200
"""Maximum number of characters of a title."""

SNAPSHOTS = "snapshots"
PREDICTIONS = "predictions"
FOLDS = "folds"


def snapshot_path(run: Path, epoch: int) -> Path:
    """Where the weights after an epoch are."""
    return run / SNAPSHOTS / f"epoch-{epoch:04d}.safetensors"


def predictions_path(run: Path, epoch: int) -> Path:
    """Where the predictions of an epoch are."""
    return run / PREDICTIONS / f"epoch-{epoch:04d}.npy"


def history_path(run: Path) -> Path:
    """Where the history is; the process that trains the run keeps it locked."""
    return run / HISTORY


def labels_path(run: Path) -> Path:
    """Where a person's decisions on labels are."""
    return run / LABELS


PREDICTIONS_VALUES = 2**25
"""Values of a predictions file at most: 70,000 samples of 479 classes, which take 67 MB per epoch as float16."""


def keeps_predictions(samples: int, classes: int) -> bool:
    """Whether the predictions of each epoch are small enough to be kept: at most `PREDICTIONS_VALUES` values."""
    return samples * classes <= PREDICTIONS_VALUES
