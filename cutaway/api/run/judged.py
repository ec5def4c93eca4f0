"""What a run's predictions are worth, and its labels: confusions, confidence, overfitting, suspect labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cutaway.api import analyses
from cutaway.api.analyses.epochs import check_epoch
from cutaway.api.progress import ProgressOption, show_progress
from cutaway.errors import UsageError

from .opened import OpenedRun

if TYPE_CHECKING:
    from cutaway.api.analyses import (
        Calibration,
        ConfusedPairs,
        Coverage,
        Generalization,
        LearningCurve,
        Memorization,
        Thresholds,
    )
    from cutaway.api.labels import LabelIssues


class JudgedRun(OpenedRun):
    """A run whose predictions are judged; see `Run`."""

    def confused_pairs(self, n: int = 10, *, split: str = "test", epoch: int | None = None) -> "ConfusedPairs":
        """The most confused pairs of classes, and the samples between them, the most confident first.

        Args:
            n: Number of pairs at most, from 1.
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch; the kept one if None.

        Returns:
            The most frequent pair first, each with its share of the true class and a 95% interval (Wilson).

        Raises:
            UsageError: `n` is outside its range, or the split is empty.
            DataError: The model has diverged.
        """
        return analyses.confused_pairs(self.context, n, split=split, epoch=check_epoch(epoch))

    def calibration(self, *, split: str = "test", bins: int = 15, epoch: int | None = None) -> "Calibration":
        """Whether probabilities are right as often as they say, as they are and with a fitted temperature.

        The temperature is fitted on the validation samples and measured on the split.

        Args:
            split: "train", "val", "test" or "all".
            bins: Bins of the reliability curve, of equally many samples each, 1..1000; there are fewer where many
                samples are equally confident.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            The reliability curve with 95% intervals (Wilson), the expected calibration error in bins of equally many
            samples and in bins of equal width, the Brier score and the negative log-likelihood. Outputs that do not
            sum to 1, as of several sigmoids, are divided by their sums.

        Raises:
            UsageError: `bins` is outside its range, or the split is empty.
            DataError: The model has diverged.

        Source:
            Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks".
        """
        return analyses.calibration(self.context, split=split, bins=bins, epoch=check_epoch(epoch))

    def coverage(
        self, *, split: str = "test", accuracy: Sequence[float] | float | None = None, epoch: int | None = None
    ) -> "Coverage":
        """How often the model is right if it answers only where it is confident, and says elsewhere: I do not know.

        Args:
            split: "train", "val", "test" or "all".
            accuracy: Wanted accuracies of the answered samples, above 0 and at most 1; 95%, 98%, 99%, 99.5% and 99.9%
                if None. For each, the threshold that answers most samples is chosen on the validation samples and
                checked on the split.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            Accuracy by the share of answered samples, the area under it, and the thresholds.

        Raises:
            UsageError: An accuracy is outside its range, the split is empty, or accuracies are asked for and there are
                no validation samples.
            DataError: The model has diverged.

        Source:
            Geifman and El-Yaniv 2017, "Selective classification for deep neural networks".
        """
        return analyses.coverage(self.context, split=split, accuracy=accuracy, epoch=check_epoch(epoch))

    def thresholds(
        self, *, positive: str | int | None = None, cost: Any = None, split: str = "test", epoch: int | None = None
    ) -> "Thresholds":
        """What each threshold on the probability of a class gives, and the one whose mistakes cost least.

        That threshold is chosen on the validation samples and checked on the split.

        Args:
            positive: The class that is looked for, its name or its number; of two classes, the second if None. Of more
                than two, it is compared with all others.
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
            UsageError: There are more than two classes and none is named, a cost is wrong, the split is empty, or there
                are no validation samples.
            DataError: The model has diverged, or samples of one kind are missing.
        """
        return analyses.thresholds(self.context, positive=positive, cost=cost, split=split, epoch=check_epoch(epoch))

    def generalization(self, *, epoch: int | None = None) -> "Generalization":
        """Accuracy on samples that the model was trained on against others, and what early stopping would have given.

        All samples are predicted in evaluation: the history's training accuracy is measured during training, with
        dropout, while the weights change.

        Args:
            epoch: Number of the epoch; the kept one if None.

        Returns:
            Accuracy of each split with a 95% interval (Wilson), the gap between training and validation, and validation
            and test accuracy at the epoch of the lowest validation loss against the last epoch.

        Raises:
            UnknownNameError: There is no such epoch.
            DataError: The model has diverged.
        """
        return analyses.generalization(self.context, epoch=check_epoch(epoch))

    def memorization(self, issues: "LabelIssues", *, epoch: int | None = None) -> "Memorization":
        """How many suspect labels the model has learned by heart: those that it predicts as they are given.

        Args:
            issues: What `label_issues` of this run returned. Labels count whose score is above 0.5: models that were
                not trained on these samples prefer another one.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            The share of these labels that is predicted as given, of training samples and of all others.

        Raises:
            UsageError: The samples are not those of this run, or `issues` is something else.
        """
        if not all(hasattr(issues, name) for name in ("ids", "given", "scores")):
            raise UsageError(
                "memorization is of the suspect labels that were found in a run",
                got=type(issues).__name__,
                hint="pass issues=run.label_issues()",
            )
        return analyses.memorization(self.context, issues.ids, issues.given, issues.scores, epoch=check_epoch(epoch))

    def learning_curve(
        self,
        *,
        shares: Sequence[float] = (0.1, 0.2, 0.4, 0.8),
        seeds: int = 1,
        progress: ProgressOption = True,
    ) -> "LearningCurve":
        """Would more data help? Train on shares of the training samples, and extend their errors by a power law.

        Each share is a stratified sample by class, trained with the settings of the run for as many epochs as it kept,
        so that less data also means fewer steps. Each result is kept in the run folder: work that was canceled goes on
        where it ended, and the same call again is quick.

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
        with show_progress(progress) as on_progress:
            return analyses.learning_curve(self.context, shares=shares, seeds=seeds, on_progress=on_progress)

    def label_issues(
        self,
        *,
        folds: int = 5,
        seeds: int = 3,
        epochs: int | None = None,
        engine: str | None = None,
        progress: ProgressOption = True,
    ) -> "LabelIssues":
        """Find labels that are probably wrong, by models of this kind that were not trained on them.

        All samples of train, val and test are judged. Each fold's result is kept in the run folder, so that work that
        was canceled goes on where it ended, and the same call again is quick.

        Args:
            folds: Models are trained on all folds but one, and judge the samples of that one.
            seeds: Times that all folds are trained; fewer are quicker and less sure.
            epochs: Epochs of each training; as many as the run kept if None.
            engine: Where folds are trained, as of `cutaway.label_issues`.
            progress: See `Run`.

        Raises:
            UsageError: A number is outside its range.
            DataError: There are too few samples, or the data cannot be loaded.
            TrainingError: A training diverged.
            ExecutionError: The engine cannot be reached, has other versions, or lost its workers.

        Source:
            `cutaway.findings.label_scores` and `cutaway.findings.estimate_count`.
        """
        from cutaway.api.labels import check_sizes, find_label_issues, of_run
        from cutaway.execution import check_engine

        check_sizes(folds=folds, seeds=seeds, epochs=epochs)
        check_engine(engine)
        setup = of_run(self.context, folds=folds, seeds=seeds, epochs=epochs)
        with show_progress(progress) as on_progress:
            return find_label_issues(setup, context=self.context, engine=engine, on_progress=on_progress)
