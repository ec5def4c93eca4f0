"""Names of the files in a run folder, in one place.

runs/20261124-211500-mnist-7f3a/
  run.json                        what was asked for and what became of it
  history.jsonl                   a line an epoch, and "progress" lines between
  snapshots/epoch-0000.safetensors    the weights after each epoch (0000: as initialized)
  checkpoint.safetensors          all that resuming needs
  predictions/epoch-0003.npy      float16 (sample, class), rows in the order train, val, test
  embeddings/*.npz                a cache
  report.html
"""

from pathlib import Path

FORMAT = 1
"""Number of this layout; a reader refuses a higher one."""

RUNS = "runs"
"""Folder for runs, below the current one, unless the user names another."""

MANIFEST = "run.json"
HISTORY = "history.jsonl"
CHECKPOINT = "checkpoint.safetensors"
REPORT = "report.html"
SNAPSHOTS = "snapshots"
PREDICTIONS = "predictions"
EMBEDDINGS = "embeddings"


def snapshot_path(run: Path, epoch: int) -> Path:
    """Where the weights after an epoch lie."""
    return run / SNAPSHOTS / f"epoch-{epoch:04d}.safetensors"


def predictions_path(run: Path, epoch: int) -> Path:
    """Where the predictions of an epoch lie."""
    return run / PREDICTIONS / f"epoch-{epoch:04d}.npy"


def embedding_path(run: Path, layer: str, *, epoch: int, method: str, key: str) -> Path:
    """Where an embedding of a layer is kept; `key` is a digest of everything else that decides it."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in layer)
    return run / EMBEDDINGS / f"{safe}-epoch-{epoch:04d}-{method}-{key}.npz"
