"""How every training begins: its run folder is made or reopened, trained into, and told how it ended."""

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.api.run import Run
from cutaway.augmentation import class_change
from cutaway.checks import warn_user
from cutaway.context import RunContext
from cutaway.data import Dataset, Split, Table
from cutaway.errors import Canceled, CutawayError, RunError, WorkInterrupted
from cutaway.log import survive
from cutaway.metrics import largest_share
from cutaway.progress import raise_if_canceled
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RunFolder, RunWriter, keeps_predictions, run_argument
from cutaway.topics.common.weighting import sample_weights, weights_digest

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.training import TrainingConfig, TrainingData

log = logging.getLogger("cutaway.api.start")


def start_training(
    model: "Model",
    data: Dataset,
    *,
    loaded: Dataset | Table,
    split: Split,
    config: "TrainingConfig",
    first_weights: str,
    sample_weight: np.ndarray | None,
    runs: str | Path,
    name: str | None,
    progress: ProgressOption,
    like: dict[str, Any] | None = None,
) -> Run:
    """Make a run folder and train a built model into it.

    Args:
        model: It has its first weights.
        data: What it is trained on.
        loaded: What it was made of: a table before it was prepared, or the dataset itself.
        split: Its split.
        config: Every setting.
        first_weights: Where they come from: `cutaway.training.DRAWN` or `GIVEN`.
        sample_weight: ``(sample,)`` of the source "train", or None.
        runs: Folder in which the run folder is made.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        progress: See `cutaway.train`.
        like: The run that it is trained like, as in `cutaway.runs.LikeRecord`; None where there is none.

    Raises:
        UsageError, RunError, TrainingError, Canceled: See `cutaway.train`.
    """
    from cutaway import training

    weight = sample_weights(sample_weight, data=data, split=split, per_class=config.class_weight)
    manifest = training_manifest(
        model, data=data, split=split, config=config, first_weights=first_weights, sample_weight=sample_weight
    )
    if like is not None:
        manifest["like"] = like
    _check_room(Path(runs), model, rows=len(split.part("all")), data=data, epochs=config.epochs)
    training.warn_of_predictions(len(split.part("all")), data.classes)
    samples = training_data(data, split, weight)
    _warn_of_changed_classes(config, samples)
    raise_if_canceled()  # last chance: the folder is made next
    writer = RunWriter.create(runs, name=name, otherwise=data.name, manifest=manifest, begin=False)
    run = train_into(writer, model, samples, data=data, config=config, progress=progress, resume=False)
    run.context.loaded = loaded
    return run


def _warn_of_changed_classes(config: "TrainingConfig", samples: "TrainingData") -> None:
    """Say where augmentation may turn an image into one of another class."""
    if (augmentation := config.augmentation) is None:
        return
    changed = class_change(samples.x, samples.y[: samples.train], augmentation, seed=config.seed)
    if changed is not None:
        warn_user(f"augmentation may change the class of a sample: {changed}")


def training_manifest(
    model: "Model",
    *,
    data: Dataset,
    split: Split,
    config: "TrainingConfig",
    first_weights: str,
    sample_weight: np.ndarray | None,
) -> dict[str, Any]:
    """What run.json says of a training that begins; arguments as in `start_training`."""
    from cutaway.training import new_manifest

    manifest = new_manifest(
        origin="training",
        data=data,
        split=split,
        model=model,
        config=config.model_dump(),
        first_weights=first_weights,
    )
    return manifest if sample_weight is None else manifest | {"sample_weight": weights_digest(sample_weight)}


def train_into(
    writer: RunWriter,
    model: "Model",
    samples: "TrainingData",
    *,
    data: Dataset,
    config: "TrainingConfig",
    progress: ProgressOption,
    resume: bool,
) -> Run:
    """Train into a run folder and write how it ended, whatever happens.

    Raises:
        WorkInterrupted: Ctrl-C ended it; the message says how to resume it.
        RunError, TrainingError, Canceled: See `cutaway.train`.
    """
    from cutaway.training import train_model

    try:
        with show_progress(progress) as on_progress:
            result = train_model(
                *(model, samples),
                config=config,
                writer=writer,
                on_progress=on_progress,
                resume=resume,
            )
    except (Canceled, KeyboardInterrupt) as error:
        _end(writer, "stopped", "canceled by the user")
        if isinstance(error, Canceled) or not writer.begun:
            raise
        given = ", data=..." if writer.manifest.dataset.origin["kind"] == "arrays" else ""
        go_on = f"ct.resume({run_argument(writer.path)!r}{given})"
        raise WorkInterrupted("every epoch so far is kept", f"go on with: {go_on}") from error
    except CutawayError as error:
        _end(writer, "failed", str(error))
        raise
    except BaseException as error:
        _end(writer, "failed", f"{type(error).__name__}: {error}")
        raise
    writer.finish(
        "finished",
        test=result.test,
        baseline=largest_share(samples.y[samples.train + samples.val :]),
        best_epoch=result.best_epoch,
        kept_epoch=result.kept_epoch,
        cost={"training": round(result.seconds, 3)},
    )
    return Run(RunContext(RunFolder.open(writer.path), data=data))


def _end(writer: RunWriter, status: str, why: str) -> None:
    """Write how a run ended; a disk that refuses even that must not hide the reason.

    A new run that never began leaves nothing, and one that could not be resumed stays as it was.
    """
    if writer.begun:
        with survive(log, f"writing how {writer.path.name} ended", OSError):
            writer.finish(status, why=why)
    writer.discard()


def _check_room(runs: Path, model: "Model", *, rows: int, data: Dataset, epochs: int) -> None:
    """Refuse a run for which the disk has no room, before anything is written.

    Raises:
        RunError: Less is free than the run will take.
    """
    weights = 4 * model.count_params()
    predictions = 2 * rows * data.classes if keeps_predictions(rows, data.classes) else 0
    needed = (epochs + 1) * weights + epochs * predictions + 8 * weights
    parent = next((folder for folder in (runs, *runs.absolute().parents) if folder.is_dir()), None)
    disk = shutil.disk_usage(parent) if parent else None
    free = disk.free if disk and disk.total else needed  # a file system without a size, such as /proc, says 0 of 0
    if free < needed:
        raise RunError(
            f"a run of {epochs} epochs of this model takes about {needed / 1e6:,.0f} MB on disk",
            got=f"{free / 1e6:,.0f} MB free in {parent}",
            hint="pass runs= with a folder on another disk, or train fewer epochs",
        )


def training_data(data: Dataset, split: Split, weight: np.ndarray | None) -> "TrainingData":
    """The rows of a split, in the order train, val, test, as the training loop takes them.

    Args:
        data: The dataset.
        split: Its split.
        weight: float32 ``(training sample,)``, as `sample_weights` returns it.
    """
    from cutaway.training import TrainingData

    everything = split.part("all")
    return TrainingData(
        x=data.rows(everything),
        y=data.y(everything),
        train=len(split.train),
        val=len(split.val),
        scale=data.scale,
        classes=data.classes,
        weight=weight,
    )
