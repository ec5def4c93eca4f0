"""What a run is: its folder, settings, history, data and model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.api import analyses
from cutaway.api.analyses.epochs import check_epoch
from cutaway.api.context import RunContext
from cutaway.api.data_words import data_in_words, test_losses
from cutaway.api.display import facts_html, figure_html, joined_html, line_html
from cutaway.api.progress import ProgressOption, show_progress
from cutaway.api.written import WrittenFile
from cutaway.data import Dataset, Split
from cutaway.runs import REPORT, RunFolder

if TYPE_CHECKING:
    from cutaway.api.analyses import Confusion, History, Layers, Mistakes, SampleDynamics
    from cutaway.models import Model
    from cutaway.plots import Figure


class RecordedRun:
    """What is recorded of a training, before anything is asked of it; see `Run`."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self._layers: dict[int, Layers] = {}  # small records that take a pass over all samples

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.context,)

    def __repr__(self) -> str:
        if self.folder.is_gone:
            return f"<Run {self.path.name}: its folder is gone>"
        test = self.test
        losses = (f"{name} {value}" for name, value in test_losses(self.context.manifest).items())
        accuracy = f", test accuracy {test['accuracy']:.2%}, {next(losses)}" if test else ""
        status = "damaged" if self.folder.damage else self.folder.status
        return f"<Run {self.path.name}: {status}, {analyses.epochs_in_words(len(self.history))}{accuracy}>"

    def plot(self) -> "Figure":
        """Draw loss and accuracy by epoch as a matplotlib Figure."""
        return self.history.plot()

    def _repr_html_(self) -> str:
        if self.folder.is_gone:
            return line_html(self)
        manifest, history = self.context.manifest, self.history
        facts = {
            "data": data_in_words(manifest.dataset),
            "kept epoch": manifest.kept_epoch,
            "folder": str(self.path),
        }
        report = self.path / REPORT
        link = WrittenFile(report).link() if report.is_file() else "run.report() writes the report"
        figure = figure_html(history.plot(), alt=repr(history)) if len(history) else ""
        return joined_html(line_html(self), facts_html(facts), figure, f"<div>{link}</div>")

    @property
    def folder(self) -> RunFolder:
        """What is on disk."""
        return self.context.folder

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.context.path

    @property
    def config(self) -> dict[str, Any]:
        """Every training setting, resolved."""
        self.context.manifest.check("config")
        return dict(self.context.manifest.config)

    @property
    def test(self) -> dict[str, Any] | None:
        """What the kept epoch is worth on the test samples, or None until the training has ended.

        ``accuracy`` in 0..1; ``loss``, that of the training, with label smoothing where the training has some;
        ``cross_entropy``, in nats, without it, which runs of earlier versions do not have.
        """
        return self.context.manifest.test

    @property
    def history(self) -> "History":
        """Metrics of every finished epoch."""
        return analyses.History(self.folder.history())

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers."""
        return self.context.class_names

    @property
    def split(self) -> Split:
        """Which sample belongs to train, val and test."""
        return self.context.split

    @property
    def data(self) -> Dataset:
        """The dataset, loaded again from where it came.

        Raises:
            DataError: It cannot be loaded again, or has changed since.
        """
        return self.context.data

    def model(self, epoch: int | None = None) -> "Model":
        """A new Keras model with the weights after an epoch: ``summary()``, ``layers``, ``predict()``.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
        """
        return self.context.build_model(check_epoch(epoch))

    def confusion(self, *, split: str = "test", epoch: int | None = None) -> "Confusion":
        """Counts, int64 ``(true class, predicted class)``, an array with ``plot()`` and ``to_pandas()``.

        Raises:
            UsageError: There are more than 10,000 classes, of which this would take 800 MB.
        """
        return analyses.confusion(self.context, split=split, epoch=check_epoch(epoch))

    def per_class(self, *, split: str = "test", epoch: int | None = None) -> "analyses.ClassMeasures":
        """Recall, precision and F1 of each class, the balanced accuracy, and that of one class alone."""
        return analyses.class_measures(self.context, split=split, epoch=check_epoch(epoch))

    def mistakes(self, n: int = 24, *, split: str = "test", epoch: int | None = None) -> "Mistakes":
        """The `n` most confident wrong predictions, the worst first; positions are rows of the split."""
        return analyses.mistakes(self.context, n, split=split, epoch=check_epoch(epoch))

    def dynamics(
        self, *, split: str | None = None, predictions: str = "auto", progress: ProgressOption = False
    ) -> "SampleDynamics":
        """How each sample was learned: when first, how often forgotten, how sure the model was of its label.

        Recorded predictions of training samples are those made while the model was trained on them in the epoch, with
        dropout, and each by the weights of its own step; those of other samples are of the weights after the epoch.

        Args:
            split: "train", "val", "test" or "all" (in that order). If None all; of a model that does not open, the test
                samples (or the validation samples, where there are none) if only predictions of these were recorded.
            predictions: "recorded", those that training has recorded of every epoch; "computed", those of the snapshots
                after each epoch, for all samples in evaluation; "auto", the recorded ones, or computed ones where some
                were not recorded.
            progress: See `Run`.

        Returns:
            A `SampleDynamics`; ``hardest(20).to_pandas()`` lists the samples that were hardest to learn.

        Raises:
            UnknownNameError: There is no such split, or no such kind of predictions.
            RunError: Predictions were not recorded, and the model cannot be opened; or no epoch was trained.
        """
        with show_progress(progress) as on_progress:
            return analyses.sample_dynamics(self.context, split=split, predictions=predictions, on_progress=on_progress)
