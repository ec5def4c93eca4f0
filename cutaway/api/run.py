"""A run, as users hold it: the record of a training, with one method for each question about it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_path
from cutaway.context import RunContext
from cutaway.data import Dataset, Split
from cutaway.errors import UsageError
from cutaway.metrics import at_temperature
from cutaway.results.notebook import facts_html, figure_html, joined_html, line_html, lines_html
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.results.units import COUNT
from cutaway.results.written import WrittenFile
from cutaway.runs import REPORT, RUNS, RunFolder, find_run
from cutaway.topics.common.data_words import data_in_words, test_losses
from cutaway.topics.common.predictions import labels, probabilities

if TYPE_CHECKING:
    from cutaway.data import Decision
    from cutaway.embedding import LayoutStep
    from cutaway.models import Model
    from cutaway.page import ExplorerWidget
    from cutaway.plots import Figure
    from cutaway.topics.classes.classes import ClassMeasures, Confusion
    from cutaway.topics.confidence.calibration import Calibration
    from cutaway.topics.confidence.coverage import Coverage
    from cutaway.topics.confidence.thresholds import Thresholds
    from cutaway.topics.embedding.embedding import Embedding
    from cutaway.topics.embedding.sequence import EmbeddingSequence
    from cutaway.topics.errors.errors import Errors
    from cutaway.topics.explanation.result import Explanation
    from cutaway.topics.findings.result import Findings
    from cutaway.topics.findings.verdict import Verdict
    from cutaway.topics.history.result import History
    from cutaway.topics.importance.result import Importances
    from cutaway.topics.influence.result import Answers, Influences
    from cutaway.topics.label_issues.result import LabelIssues
    from cutaway.topics.layers.layers import LayerHistory, Layers
    from cutaway.topics.layers.similarity import Similarity
    from cutaway.topics.learning_curve.learning_curve import LearningCurve
    from cutaway.topics.mistakes.result import LargestErrors, Mistakes
    from cutaway.topics.prediction.prediction import Predictions
    from cutaway.topics.samples.dynamics import SampleDynamics
    from cutaway.topics.units.units import Units


@public
class Run:
    """A training that was, or still is, recorded in a run folder.

    Made by `cutaway.train`, `cutaway.record` and `cutaway.open_run`. Layers and epochs are named as Keras names them.
    ``epoch=None`` is the kept epoch: with `patience` the best one, and otherwise the last. ``epoch=-1`` is the
    last one with a snapshot, ``epoch=0`` the model as initialized. ``progress=True`` draws progress bars, False draws
    nothing, and a callable gets `Progress` records.

    Attributes:
        context: Its folder, data and models, as every analysis uses them.
    """

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self._layers: dict[int, Layers] = {}  # small records that take a pass over all samples

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.context,)

    def __repr__(self) -> str:
        from cutaway.words import counted, percent

        if self.folder.is_gone:
            return f"<Run {self.path.name}: its folder is gone>"
        test = self.test
        losses = (f"{name} {value}" for name, value in test_losses(self.context.manifest).items())
        share = f"accuracy {percent(test['accuracy'])}, " if test and "accuracy" in test else ""
        accuracy = f", test {share}{next(losses)}" if test else ""
        status = "damaged" if self.folder.damage else self.folder.status
        return f"<Run {self.path.name}: {status}, {counted(len(self.history), 'epoch')}{accuracy}>"

    def plot(self) -> "Figure":
        """Draw loss and accuracy by epoch as a matplotlib Figure."""
        return self.history.plot()

    def _repr_html_(self) -> str:
        from cutaway.topics.findings.verdict import verdict

        if self.folder.is_gone:
            return line_html(self)
        manifest, history = self.context.manifest, self.history
        facts = {
            "data": data_in_words(manifest.dataset),
            "kept epoch": COUNT.text(manifest.kept_epoch),
            "folder": str(self.path),
        }
        report = self.path / REPORT
        link = WrittenFile(report).link() if report.is_file() else "run.report() writes the report"
        figure = figure_html(history.plot(), alt=repr(history)) if len(history) else ""
        # to show a run loads neither its data nor Keras
        known = None if self.folder.damage else verdict(self.context, measure=False)
        lines = "" if known is None else lines_html(text for _, text in known.lines())
        return joined_html(line_html(self), lines, facts_html(facts), figure, f"<div>{link}</div>")

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
        """Results of the kept epoch on the test samples, or None until the training has ended.

        Of numbers ``loss``, ``r2`` (at most 1, and below 0 for a model worse than the mean), and of a single target
        ``rmse``, ``mae`` and ``median_error`` in its unit. Of classes
        ``accuracy`` in 0..1; ``loss``, the training loss, with label smoothing if the training uses it;
        ``cross_entropy``, in nats, without it. Losses are cut off at 16.1 nats
        for a sample, as in Keras, and so is the cross-entropy of a run that cutaway trained.
        """
        return self.context.manifest.test

    @property
    def history(self) -> "History":
        """Metrics of every finished epoch."""
        from cutaway.topics.history.result import History

        return History(self.folder.history())

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
        """The dataset, loaded again from its source.

        Raises:
            DataError: It cannot be loaded again, or has changed since.
        """
        return self.context.data

    def model(self, epoch: int | None = None) -> "Model":
        """A new Keras model with the weights after an epoch: ``summary()``, ``layers``, ``predict()``.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
        """
        return self.context.build_model(epoch)

    def confusion(self, *, split: str = "test", epoch: int | None = None) -> "Confusion":
        """Counts, int64 ``(true class, predicted class)``, an array with ``plot()`` and ``to_pandas()``.

        Raises:
            UsageError: There are more than 10,000 classes, which would take 800 MB.
        """
        from cutaway.topics.classes.classes import confusion

        return confusion(self.context, split=split, epoch=epoch)

    def per_class(self, *, split: str = "test", epoch: int | None = None) -> "ClassMeasures":
        """Recall, precision and F1 of each class, the balanced accuracy, and the accuracy of always predicting one."""
        from cutaway.topics.classes.classes import class_measures

        return class_measures(self.context, split=split, epoch=epoch)

    def errors(self, *, split: str = "test", level: float = 0.9, epoch: int | None = None) -> "Errors":
        """How large the errors of predicted numbers are, in the unit of each target.

        R2, RMSE, mean and median error have 95% intervals by the percentile bootstrap: 500 sets of samples, drawn with
        replacement by a fixed seed. Values of columns and of the prediction are listed whose errors are larger than
        those of all other samples, or have another mean, by more than 4 standard errors.

        Args:
            split: "train", "val", "test" or "all".
            level: Share of the samples that intervals around predictions should hold, above 0 and below 1; see
                `predict`. Which share they hold is measured on the test samples.
            epoch: Number of the epoch; the kept one if None.

        Raises:
            UsageError: The model predicts classes, or the split is empty.
            UnknownNameError: There is no such split or epoch.
            DataError: The model has diverged.
        """
        from cutaway.topics.errors.errors import errors
        from cutaway.topics.errors.options import ErrorsOptions

        return errors(self.context, ErrorsOptions(split=split, level=level, epoch=epoch))

    def mistakes(self, n: int = 24, *, split: str = "test", epoch: int | None = None) -> "Mistakes | LargestErrors":
        """The `n` most confident wrong predictions, the worst first; positions are rows of the split.

        Of numbers, the samples with the largest errors, in units of the standard deviation of a target.
        """
        from cutaway.topics.mistakes.result import mistakes

        return mistakes(self.context, n, split=split, epoch=epoch)

    def dynamics(
        self, *, split: str | None = None, predictions: str = "auto", progress: ProgressOption = False
    ) -> "SampleDynamics":
        """How each sample was learned: when first, how often forgotten, how sure the model was of its label.

        Recorded predictions of training samples are those made while the model was trained on them in the epoch, with
        dropout, and each by the weights of its own step; other samples are predicted after the epoch.

        Args:
            split: "train", "val", "test" or "all" (in that order). If None, all; for a model that does not open and
                only has recorded predictions of held-out samples, the test samples (or the validation samples, if there
                are none).
            predictions: "recorded", those that training recorded in every epoch; "computed", by the snapshots
                after each epoch, for all samples in evaluation; "auto", the recorded ones, or computed ones if some
                were not recorded.
            progress: See `Run`.

        Returns:
            A `SampleDynamics`; ``hardest(20).to_pandas()`` lists the samples that were hardest to learn.

        Raises:
            UnknownNameError: There is no such split, or no such kind of predictions.
            RunError: Predictions were not recorded, and the model cannot be opened; or no epoch was trained.
        """
        from cutaway.topics.samples.dynamics import sample_dynamics
        from cutaway.topics.samples.options import SamplesOptions

        options = SamplesOptions(split=split, predictions=predictions)
        with show_progress(progress) as on_progress:
            return sample_dynamics(self.context, options, on_progress=on_progress)

    def activations(
        self, layer: str, *, split: str = "test", epoch: int | None = None, progress: ProgressOption = False
    ) -> np.ndarray:
        """Activations of a layer in evaluation, float32 ``(sample, unit)``.

        Args:
            layer: Name of the layer.
            split: "train", "val", "test" or "all" (in that order).
            epoch: Number of the epoch; the kept one if None.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
        """
        from cutaway.topics.embedding.activations import layer_activations

        ids = self.split.part(split)
        with show_progress(progress) as on_progress:
            return layer_activations(self.context, layer, ids, epoch=epoch, on_progress=on_progress)

    def layers(self, *, epoch: int | None = None, progress: ProgressOption = False) -> "Layers":
        """What each layer is and holds after an epoch, and how many of its units are dead on the whole dataset.

        Returns:
            A tuple of `LayerRecord`; ``to_pandas()`` is a table, one row per layer.
        """
        from cutaway.topics.layers.layers import layer_records

        number = self.context.epoch(epoch)
        if number not in self._layers:
            with show_progress(progress) as on_progress:
                self._layers[number] = layer_records(self.context, epoch=number, on_progress=on_progress)
        return self._layers[number]

    def layer_history(
        self,
        *,
        split: str = "test",
        epochs: Sequence[int] | int | None = None,
        samples: int = 10_000,
        k: int = 15,
        seed: int = 0,
        progress: ProgressOption = True,
    ) -> "LayerHistory":
        """Measure what each layer knows after each epoch; ``to_pandas()`` is a table, one row per epoch and layer.

        Args:
            split: "train", "val", "test" or "all".
            epochs: Their numbers, or a single one; all with a snapshot if None.
            samples: Maximum number of samples, a stratified sample by class; fewer where layers are very wide.
            k: Number of neighbors in the k-NN accuracy.
            seed: Random seed of the sample.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such split or epoch.
        """
        from cutaway.topics.layers.layers import layer_history

        with show_progress(progress) as on_progress:
            return layer_history(
                self.context, split=split, epochs=epochs, samples=samples, k=k, seed=seed, on_progress=on_progress
            )

    def similarity(
        self,
        layer: str | None = None,
        *,
        split: str = "test",
        epochs: Sequence[int] | int | None = None,
        samples: int = 10_000,
        seed: int = 0,
        progress: ProgressOption = True,
    ) -> "Similarity":
        """Compare a layer with itself between every two epochs by linear CKA: when does it stop changing?

        `LayerHistory.cka` compares the layers of one epoch.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: "train", "val", "test" or "all".
            epochs: Their numbers, or a single one; all with a snapshot if None.
            samples: Maximum number of samples, a stratified sample by class; fewer where the layer is very wide.
            seed: Random seed of the sample.
            progress: See `Run`.

        Returns:
            A pandas DataFrame (epoch, epoch) with ``plot()``, in [0, 1]; NaN where a layer is constant or has diverged.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
        """
        from cutaway.topics.layers.layers import similarity

        with show_progress(progress) as on_progress:
            return similarity(
                self.context, layer, split=split, epochs=epochs, samples=samples, seed=seed, on_progress=on_progress
            )

    def units(
        self,
        layer: str | None = None,
        *,
        split: str = "test",
        epoch: int | None = None,
        samples: int | None = None,
        progress: ProgressOption = True,
    ) -> "Units":
        """Summarize every unit of a hidden layer: ``to_pandas(sort)`` is a table, ``summary(number)`` one unit.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: Samples to measure units on; constant units are found on the whole dataset.
            epoch: Number of the epoch; the kept one if None.
            samples: Maximum number of samples, a stratified sample by class; all of them if None.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
            UsageError: The layer is the output, or the split is empty.
            DataError: An activation is not a finite number: the model has diverged.
        """
        from cutaway.topics.units.options import UnitsOptions
        from cutaway.topics.units.units import units

        options = UnitsOptions(layer=layer, split=split, epoch=epoch, samples=samples)
        with show_progress(progress) as on_progress:
            return units(self.context, options, on_progress=on_progress)

    def embed(
        self,
        layer: str | None = None,
        *,
        split: str = "all",
        epoch: int | None = None,
        method: str = "tsne",
        samples: int | None = None,
        seed: int = 0,
        callback: "Callable[[LayoutStep], bool | None] | None" = None,
        quality: bool = True,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "Embedding":
        """Give the activations of a layer two coordinates per sample.

        The result is kept in the user's cache; the same call again reads it.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch; the kept one if None.
            method: "tsne", "pca" or "umap" (which needs the package umap-learn).
            samples: Maximum number of samples, 1..100,000, a stratified sample by class; None means 100,000.
            seed: Random seed of the sample, and of everything random in the method.
            callback: t-SNE only: gets a `cutaway.embedding.LayoutStep` at most ten times a second, the first time
                before the first iteration, and never if the result is cached. If it returns True, the descent ends, and
                you get the coordinates reached so far (which are not cached).
            quality: Whether to measure its quality, which takes about 0.4 times as long as t-SNE of 70,000 x 512; if
                False, it is measured when `Embedding.quality` or ``misplaced`` is first asked for.
            progress: See `Run`.
            settings: Settings of t-SNE, see `cutaway.embedding.TSNESettings`: perplexity, max_iter, init,
                early_exaggeration, exaggeration, learning_rate and others. `cutaway.TSNE` has the same.

        Returns:
            An `Embedding`. If the callback or a `CancelToken` stopped t-SNE while the coordinates were moving, it holds
            those reached so far, and ``canceled`` is True.

        Raises:
            UnknownNameError: There is no such layer, split, epoch or method.
            UsageError: A setting is unknown or outside its range.
            DataError: The activations cannot be embedded.
            Canceled: A `CancelToken` stopped it before there were any coordinates.
        """
        from cutaway.topics.embedding.embedding import embed_layer
        from cutaway.topics.embedding.options import EmbeddingOptions

        options = EmbeddingOptions(
            layer=layer, split=split, epoch=epoch, method=method, samples=samples, seed=seed, quality=quality
        )
        with show_progress(progress) as on_progress:
            return embed_layer(self.context, options, settings=settings, callback=callback, on_progress=on_progress)

    def embed_epochs(
        self,
        layer: str | None = None,
        epochs: Sequence[int] | None = None,
        *,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "EmbeddingSequence":
        """Embed a layer at several epochs, so that a sample keeps its place as long as its neighbors stay the same.

        Args:
            layer: Name of the layer; the last hidden one if None. "input" is what the model sees.
            epochs: Their numbers, ascending; all with a snapshot if None.
            progress: See `Run`.
            settings: split, samples, seed, and settings of t-SNE, as in `embed`. There is no callback.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
            UsageError: There are fewer than two epochs, or a setting is wrong.
            DataError: The activations of an epoch cannot be embedded.
        """
        from cutaway.topics.embedding.sequence import embed_epochs

        with show_progress(progress) as on_progress:
            return embed_epochs(self.context, layer, epochs=epochs, on_progress=on_progress, **settings)

    def embed_layers(
        self,
        epoch: int | None = None,
        layers: Sequence[str] | None = None,
        *,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "EmbeddingSequence":
        """Embed several layers at one epoch, so that a sample keeps its place as long as its neighbors stay the same.

        Args:
            epoch: Number of the epoch; the kept one if None.
            layers: Their names, in order; all Dense layers if None. "input" is what the model sees.
            progress: See `Run`.
            settings: See `embed_epochs`.
        """
        from cutaway.topics.embedding.sequence import embed_layers

        with show_progress(progress) as on_progress:
            return embed_layers(self.context, epoch, layers=layers, on_progress=on_progress, **settings)

    def explore(
        self,
        *,
        split: str | None = None,
        epochs: Sequence[int] | int | None = None,
        samples: int | None = None,
        height: int = 480,
        progress: ProgressOption = True,
    ) -> "ExplorerWidget":
        """Show every sample, layer by layer and epoch by epoch, as a widget in a notebook.

        It is the first section of `report`, with its selection in Python: ``widget.selection`` is a DataFrame of the
        selected samples, and setting it selects. ``widget.layer``, ``epoch``, ``color`` and ``pinned`` follow what is
        done in the browser, and setting them changes what it shows. In an exported notebook, an image takes its place.

        Args:
            split: "train", "val", "test" or "all". If None, test samples, or validation samples if there are none.
            epochs: Numbers of the epochs that can be shown, or a single one; the kept one is always among them. If
                None, at most 16, evenly spaced; fewer for many samples in many layers, so that there are at most
                2,000,000 places on all maps, or 3 epochs. A note and the page say so.
            samples: Maximum number of samples, 20..100,000; of more, a stratified sample by class. If None, 100,000 if
                `split` is given, and otherwise 10,000.
            height: Height of the large map in CSS pixels, 200..4000.
            progress: See `Run`.

        Returns:
            The widget. What is computed for it is kept in the user's cache, and shared with `report`.

        Raises:
            UnknownNameError: There is no such split or epoch.
            UsageError: The package anywidget is not installed (the extra "notebook"), a number is outside its range, or
                the split has fewer than 20 samples.
            RunError: The run does not hold its model.
        """
        from cutaway.page import check_widget, explorer_widget
        from cutaway.report import run_explorer
        from cutaway.topics.common.options import MapOptions

        check_widget(height=height)
        options = MapOptions(split=split, epochs=epochs, samples=samples)
        with show_progress(progress) as on_progress:
            record = run_explorer(self.context, options, on_progress=on_progress)
        return explorer_widget(record, height=height)

    def calibration(self, *, split: str = "test", bins: int = 15, epoch: int | None = None) -> "Calibration":
        """Whether probabilities are right as often as they say, as they are and with a fitted temperature.

        The temperature is fitted on the validation samples and measured on the split.

        Args:
            split: "train", "val", "test" or "all".
            bins: Bins of the reliability curve, of equally many samples each, 1..1000; there are fewer if many samples
                are equally confident.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            The reliability curve with 95% intervals (Wilson), the expected calibration error in bins of equally many
            samples and in bins of equal width, the Brier score and the negative log-likelihood. Outputs that do not
            sum to 1, as from several sigmoids, are divided by their sums.

        Raises:
            UsageError: `bins` is outside its range, or the split is empty.
            DataError: The model has diverged.

        Source:
            Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks".
        """
        from cutaway.topics.confidence.calibration import calibration
        from cutaway.topics.confidence.options import ConfidenceOptions

        return calibration(self.context, ConfidenceOptions(split=split, bins=bins, epoch=epoch))

    def coverage(
        self, *, split: str = "test", accuracy: Sequence[float] | float | None = None, epoch: int | None = None
    ) -> "Coverage":
        """How often the model is right if it answers only when it is confident, and otherwise says: I do not know.

        Args:
            split: "train", "val", "test" or "all".
            accuracy: Wanted accuracies of the answered samples, above 0 and at most 1; 95%, 98%, 99%, 99.5% and 99.9%
                if None. For each, the threshold that answers the most samples is chosen on the validation samples and
                checked on the split.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            Accuracy by the share of answered samples, and the thresholds.

        Raises:
            UsageError: An accuracy is outside its range, the split is empty, or accuracies are requested and there are
                no validation samples.
            DataError: The model has diverged.

        Source:
            Geifman and El-Yaniv 2017, "Selective classification for deep neural networks".
        """
        from cutaway.topics.confidence.coverage import coverage
        from cutaway.topics.confidence.options import ConfidenceOptions

        return coverage(self.context, ConfidenceOptions(split=split, accuracy=accuracy, epoch=epoch))

    def thresholds(
        self, *, positive: str | int | None = None, cost: Any = None, split: str = "test", epoch: int | None = None
    ) -> "Thresholds":
        """What each threshold on the probability of a class gives, and the threshold whose mistakes cost least.

        That threshold is chosen on the validation samples and checked on the split.

        Args:
            positive: Name or number of the class to detect; if None, the second of two classes. With more than two
                classes, it is compared with all others.
            cost: What an answer costs, 2 x 2 numbers: a row for each true class (negative, positive) and a column for
                each answer. ``[[0, 1], [10, 0]]``: a missed positive costs ten times as much as a false alarm. Each
                mistake costs 1 if None.
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch; the kept one if None.

        Returns:
            The ROC curve with the 95% interval of its area (DeLong), precision and recall, and recall, precision and
            cost at the chosen threshold and at 0.5.

        Raises:
            UnknownNameError: There is no such class.
            UsageError: There are more than two classes and `positive` is None, a cost is wrong, the split is empty, or
                there are no validation samples.
            DataError: The model has diverged, or samples of one kind are missing.
        """
        from cutaway.topics.confidence.options import ConfidenceOptions
        from cutaway.topics.confidence.thresholds import thresholds

        return thresholds(self.context, ConfidenceOptions(positive=positive, split=split, epoch=epoch), cost)

    def learning_curve(
        self,
        *,
        shares: Sequence[float] = (0.1, 0.2, 0.4, 0.8),
        seeds: int = 1,
        progress: ProgressOption = True,
    ) -> "LearningCurve":
        """Would more data help? Train on shares of the training samples, and extend their errors by a power law.

        Each share is a stratified sample by class, trained with the settings of the run for as many epochs as it kept,
        so less data also means fewer steps. Each result is kept in the user's cache: canceled work continues where
        it stopped, and the same call again is quick.

        Args:
            shares: At least three different shares of the training samples, above 0 and below 1.
            seeds: Trainings of each share, with other samples and other first weights; more make a surer forecast.
            progress: See `Run`.

        Returns:
            Accuracy and loss of each training and of the run itself on validation and test samples, and a forecast for
            the data of the run, twice and four times as many, with 95% prediction intervals.

        Raises:
            UsageError: A number is outside its range, or the run was not trained by cutaway.
            TrainingError: A training diverged.
            DataError: The data cannot be loaded, or the run's own model has diverged.

        Source:
            Cortes, Jackel, Solla, Vapnik, Denker 1994, "Learning curves: asymptotic values and rate of convergence";
            Hestness et al. 2017, "Deep learning scaling is predictable, empirically".
        """
        from cutaway.topics.learning_curve.learning_curve import learning_curve
        from cutaway.topics.learning_curve.options import LearningCurveOptions

        options = LearningCurveOptions(shares=shares, seeds=seeds)

        with show_progress(progress) as on_progress:
            return learning_curve(self.context, options, on_progress=on_progress)

    def label_issues(
        self,
        *,
        folds: int = 5,
        seeds: int = 3,
        epochs: int | None = None,
        engine: str | None = None,
        progress: ProgressOption = True,
    ) -> "LabelIssues":
        """Find labels that are probably wrong, using models of this kind that were not trained on them.

        All samples of train, val and test are judged. Each fold's result is kept in the run folder: canceled work
        continues where it stopped, and the same call again is quick.

        Args:
            folds: Number of parts; each is judged by models trained on the other parts.
            seeds: How many times all parts are judged, each time divided differently; fewer is faster and less sure.
            epochs: Epochs of each training; as many as the run kept if None.
            engine: Where folds are trained, as in `cutaway.label_issues`.
            progress: See `Run`.

        Raises:
            UsageError: A number is outside its range.
            DataError: There are too few samples, or the data cannot be loaded.
            TrainingError: A training diverged.
            ExecutionError: The engine cannot be reached, has other versions, or lost its workers.

        Source:
            `cutaway.findings.label_scores` and `cutaway.findings.bound_count`.
        """
        from cutaway.execution import check_engine
        from cutaway.topics.label_issues.cross_validation import of_run
        from cutaway.topics.label_issues.options import LabelIssuesOptions
        from cutaway.topics.label_issues.search import find_label_issues

        options = LabelIssuesOptions(folds=folds, seeds=seeds, epochs=epochs)
        check_engine(engine)
        setup = of_run(self.context, options)
        with show_progress(progress) as on_progress:
            return find_label_issues(setup, context=self.context, engine=engine, on_progress=on_progress)

    def predictions(
        self, *, split: str = "test", epoch: int | None = None, progress: ProgressOption = False
    ) -> np.ndarray:
        """Probabilities in evaluation, float32 ``(sample, class)``, or predicted numbers, ``(sample, target)``."""
        ids = self.split.part(split)
        with show_progress(progress) as on_progress:
            return probabilities(self.context, ids, epoch=epoch, on_progress=on_progress)

    def predict(
        self,
        x: Any,
        *,
        epoch: int | None = None,
        temperature: float | Literal["fitted"] | None = None,
        interval: float | None = None,
    ) -> np.ndarray:
        """The probability of every class for new samples, prepared as in training: float32 ``(sample, class)``.

        Of numbers, the predictions: float32 ``(sample,)``, or ``(sample, target)`` of several targets; with `interval`
        ``(sample, 3)`` or ``(sample, target, 3)``: the prediction, the lower and the upper end of its interval.

        Args:
            x: A file, a list of files or a frame with the columns of the table, in any order; an image file, a list or
                a folder of them (for MNIST a digit is inverted, scaled and centered); or an array or .npy file
                ``(sample, *shape)``.
            epoch: Number of the epoch; the kept one if None.
            temperature: "fitted" for the temperature that predicts the validation samples best (see `calibration`), or
                a number above 0: above 1 the model is less confident, below 1 more confident. None leaves the
                probabilities as they are. The predicted class is always the same.
            interval: Of numbers, the share of the true numbers that intervals should hold, above 0 and below 1, such as
                0.9; None for no intervals. They are as wide as the errors on the validation samples were, at least 9
                for 0.9, and hold that share on average over new samples like those. If logarithms are learned, an
                interval reaches from the prediction divided by a factor to the prediction times that factor.
                `errors` measures which share they hold.

        Raises:
            DataError, UsageError: `x`, `temperature` or `interval` does not fit.

        Source:
            Split conformal intervals: Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world"; Lei et
            al. 2018, "Distribution-free predictive inference for regression".
        """
        from cutaway.topics.confidence.calibration import find_temperature
        from cutaway.topics.prediction.options import PredictionOptions
        from cutaway.topics.prediction.prediction import predict

        options = PredictionOptions(temperature=temperature, interval=interval, epoch=epoch)
        found = find_temperature(self.context, options.temperature, epoch=epoch)
        probabilities = predict(self.context, x, interval=options.interval, epoch=epoch)
        return probabilities if found is None else at_temperature(probabilities, found)

    def examine(
        self,
        x: Any,
        *,
        nearest: int | None = None,
        explain: int | None = None,
        interval: float | None = None,
        epoch: int | None = None,
    ) -> "Predictions":
        """Predict new samples, with the evidence for each answer.

        Args:
            x: See `predict`.
            nearest: Number of training samples that are nearest in the last hidden layer, found exactly; 0 for none; if
                None, 5, or all if there are fewer.
            explain: Number of inputs that contributed most to the difference between the two highest logits; 0 for
                none, which a model that is not piecewise linear needs; if None, 5, or all if there are fewer.
            interval: See `predict`.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            Probabilities, nearest samples, contributions and, with at least 20 training samples, the distance to them,
            with ``to_pandas()``, one row per sample.

        Raises:
            DataError: `x` does not fit, or the training samples cannot be loaded.
            UsageError: `x` cannot be fed to the model, or a number is outside its range.
            ModelError: The model is not piecewise linear, so contributions do not add up.
        """
        from cutaway.topics.prediction.prediction import examine

        return examine(self.context, x, nearest=nearest, explain=explain, interval=interval, epoch=epoch)

    def labels(self, *, split: str = "test") -> np.ndarray:
        """The class of each sample, int64 ``(sample,)``."""
        return labels(self.context, split)

    def explain(self, x: Any, *, epoch: int | None = None) -> "Explanation":
        """Explain one prediction: the evidence for the winning class and against the runner-up.

        Args:
            x: Raw values of one sample; a new row of a table, as a frame or as a mapping from columns to cells; or the
                name of a sample, such as "test[7]". With data without test samples of their own,
                such as the digits, names are "sample[7]", and "test[7]" is row 7 of the split "test".
            epoch: Number of the epoch; the kept one if None.

        Raises:
            UnknownNameError: There is no such sample or epoch.
            ModelError: The model is not piecewise linear, so contributions do not add up.
        """
        from cutaway.topics.explanation.result import explain
        from cutaway.topics.prediction.samples import one_sample

        return explain(self.context, one_sample(self.context, x), epoch=epoch)

    def influence(
        self,
        samples: Any,
        n: int = 10,
        *,
        target: str = "predicted",
        epoch: int | None = None,
        epochs: Any = "auto",
        progress: ProgressOption = False,
    ) -> "tuple[Influences, ...]":
        """The training samples that raised, and those that lowered, the probability of answers most.

        The influence of a training sample is the sum, over snapshots, of the learning rate times the product of two
        gradients: of its loss, and of the negative log-probability of the answer. It is above 0 if a step on the sample
        raised the probability. Gradients use all trained weights, without dropout, and are scaled by the inverse second
        moments of each layer's inputs. What the optimizer adds to them, such as the scaling of each weight by Adam, is
        left out; `Influences.reliability` says how far the order can be relied on.

        Args:
            samples: The answered samples: a name, such as "test[7]", or a list of names; or raw values as in `predict`,
                ``(sample, *shape)``.
            n: Maximum number of training samples of each kind.
            target: The class whose probability is explained: "predicted", or "label" for the sample's own class.
            epoch: After which epoch the model answers; the kept one if None.
            epochs: The snapshots to sum over: their numbers, or a single one; all up to `epoch` if None; "auto" for as
                many, at most 20, as take about a second with 60,000 samples; `Influences.epochs` says which.
            progress: See `Run`.

        Returns:
            An `Influences` for each answer, in order.

        Raises:
            UnknownNameError: There is no such sample, epoch or target.
            UsageError: A number is outside its range, or the model was not trained before `epoch`.
            ModelError: A layer has no gradient in closed form, or the loss is not one that `train` takes.
            DataError: `samples` do not fit, or the model has diverged.

        Source:
            Pruthi, Liu, Sundararajan, Kale 2020, "Estimating training data influence by tracing gradient descent";
            Benzing 2022, "Gradient descent on neurons and its link to approximate second-order optimization".
        """
        from cutaway.topics.influence.result import influence

        with show_progress(progress) as on_progress:
            return influence(
                self.context,
                _answers(self.context, samples),
                n,
                target=target,
                epoch=epoch,
                epochs=epochs,
                on_progress=on_progress,
            )

    def importance(
        self,
        *,
        split: str = "test",
        epoch: int | None = None,
        samples: int | None = 10_000,
        repeats: int = 5,
        seed: int = 0,
        progress: ProgressOption = False,
    ) -> "Importances":
        """How much worse the model predicts if a column of the table is shuffled among the samples.

        The loss is the cross-entropy without label smoothing, which ``run.test["loss"]`` may contain.

        Args:
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch; the kept one if None.
            samples: Maximum number of samples, a stratified sample by class; all of them if None.
            repeats: How often each column is shuffled.
            seed: Random seed of the sample and the shuffles.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such split or epoch.
            UsageError: The data are images, or the split has fewer than two samples.

        Source:
            Breiman 2001, "Random forests", section 10 (permutation importance), with the loss as well.
        """
        from cutaway.topics.importance.options import ImportanceOptions
        from cutaway.topics.importance.result import importance

        options = ImportanceOptions(split=split, epoch=epoch, samples=samples, repeats=repeats, seed=seed)

        with show_progress(progress) as on_progress:
            return importance(self.context, options, on_progress=on_progress)

    @property
    def decisions(self) -> "tuple[Decision, ...]":
        """What a person decided on labels, in the order of the run's labels.csv; the last on a sample counts."""
        from cutaway.topics.label_issues.decisions import decisions_of

        return decisions_of(self.context)

    def decide(self, decisions: "Decision | Sequence[Decision]") -> Path:
        """Add decisions on labels to the run's labels.csv, which `cutaway.train` takes as ``labels=``.

        Args:
            decisions: `Decision` records, or one; those without a name or a time get the user's name and the present
                time.

        Returns:
            The path of the file.

        Raises:
            UsageError: They are not decisions.
            UnknownNameError, DataError: There is no such sample or class.
            RunError: The folder cannot be written.
        """
        from cutaway.topics.label_issues.decisions import add_decisions

        return WrittenFile(add_decisions(self.context, decisions))

    def verdict(self) -> "Verdict":
        """How good the run is and compared with what, its worst problem, and what to do next, in at most six lines.

        Nothing is trained for it; whatever was not measured yet is named, with the command that does it. It also works
        for trainings that are still running or have failed, and if the data are gone.
        """
        from cutaway.topics.findings.verdict import verdict

        return verdict(self.context)

    def findings(self, *, progress: ProgressOption = False) -> "Findings":
        """What a person should look at: warnings first, causes before their consequences."""
        from cutaway.topics.findings.evidence import findings
        from cutaway.topics.findings.result import Findings

        return Findings(findings(self.context, layers=lambda: self.layers(progress=progress)))

    def playground(self, path: str | Path = "playground.html") -> Path:
        """Write the playground with the samples and settings of this run, which has two inputs, and return its path.

        The playground trains in the browser, from its own first weights and split: a similar training, not the same
        one. The page names the settings that it does not have.

        Args:
            path: The HTML file to write.

        Raises:
            UsageError: The run has another number of inputs or more than ten classes, or the file cannot be written.
        """
        from cutaway.api.playground import playground_start, write_playground

        return write_playground(check_path(path, name="path"), start=playground_start(self.context))

    def report(
        self,
        path: str | Path | None = None,
        *,
        split: str | None = None,
        epochs: Sequence[int] | int | None = None,
        samples: int | None = None,
        against: "Run | str | Path | None" = None,
        shared: bool = False,
        progress: ProgressOption = True,
    ) -> Path:
        """Write everything about the run into one HTML file that works without a network, and return its path.

        Args:
            path: Where to write it; report.html in the run folder if None.
            split: Whose samples the explorer shows, as in `explore`. The other sections always use held-out samples.
            epochs: The epochs that it shows, as in `explore`.
            samples: Maximum number of samples that it shows, as in `explore`.
            against: Another run on the same samples, at its kept epoch, or where `open_run` finds it: the report then
                has a section that compares both, and the explorer can color samples by which run is right.
            shared: With `against`: whether runs that do not hold out the same samples are compared on those that both
                hold out, as by `compare`.
            progress: See `Run`.

        What is computed for it is kept in the user's cache: the next report takes a few seconds.

        Raises:
            UnknownNameError: There is no such split or epoch.
            UsageError: The file cannot be written, the split is empty, a number is outside its range, or the runs
                cannot be compared.
        """
        from cutaway.report import write_report
        from cutaway.topics.common.options import MapOptions

        options = MapOptions(split=split, epochs=epochs, samples=samples)
        other = None if against is None else _context_of(against)
        with show_progress(progress) as on_progress:
            given: Any = {"against": other, "shared": shared, "on_progress": on_progress}
            return WrittenFile(write_report(self.context, path, options, **given))


def _context_of(run: Run | str | Path) -> RunContext:
    """The context of a run, or of the folder or name of one."""
    if isinstance(run, Run):
        return run.context
    if not isinstance(run, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"the other run must be a Run, or the name or path of its folder, not {type(run).__name__}",
            hint="pass for example against=cutaway.open_run(path)",
        )
    return RunContext(find_run(run, runs=RUNS))


def _answers(context: RunContext, samples: Any) -> "Answers":
    """Samples by their names, or new ones."""
    from cutaway.topics.influence.result import Answers
    from cutaway.topics.prediction.samples import new_samples

    if isinstance(samples, str | list):
        named = cast("list[Any]", [samples] if isinstance(samples, str) else samples)
        if all(isinstance(name, str) for name in named):
            return Answers.named(context, named)
    parts = list(new_samples(context, samples, warn=False))
    rows = [part.x for part in parts] or [np.empty((0, *context.manifest.dataset.shape), np.uint8)]
    return Answers(np.concatenate(rows), [name for part in parts for name in part.names])
