"""The run as the user holds it: every analysis of a run folder, one method each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from cutaway._lazy import public
from cutaway.api import analyses
from cutaway.api.analyses.epochs import check_epoch, epoch_numbers
from cutaway.api.context import RunContext
from cutaway.api.prediction import Predictions, examine, new_samples, one_sample, predict
from cutaway.api.progress import ProgressOption, show_progress
from cutaway.api.written import WrittenFile
from cutaway.errors import UsageError
from cutaway.metrics import at_temperature
from cutaway.runs import RUNS, find_run

from .judged import JudgedRun

if TYPE_CHECKING:
    from cutaway.api.analyses import Explanation, Findings, Importances, Influences, Robustness
    from cutaway.data import Decision


@public
class Run(JudgedRun):
    """A training that was, or still is, recorded in a run folder.

    Made by `cutaway.train`, `cutaway.record` and `cutaway.open_run`. Layers and epochs are named as Keras names them.
    ``epoch=None`` is the kept epoch: with `patience` the best one, and otherwise the last. ``epoch=-1`` is the
    last one with a snapshot, ``epoch=0`` the model as initialized. ``progress=True`` draws progress bars, False draws
    nothing, and a callable gets `Progress` records.

    Attributes:
        context: Its folder, data and models, as every analysis uses them.
    """

    def predictions(
        self, *, split: str = "test", epoch: int | None = None, progress: ProgressOption = False
    ) -> np.ndarray:
        """Probabilities in evaluation, float32 ``(sample, class)``."""
        epoch, ids = check_epoch(epoch), self.split.part(split)
        with show_progress(progress) as on_progress:
            return analyses.probabilities(self.context, ids, epoch=epoch, on_progress=on_progress)

    def predict(
        self, x: Any, *, epoch: int | None = None, temperature: float | Literal["fitted"] | None = None
    ) -> np.ndarray:
        """The probability of every class for new samples, prepared as in training: float32 ``(sample, class)``.

        Args:
            x: A file, a list of files or a frame with the columns of the table, in any order; a picture file, a list or
                a folder of them (for MNIST a digit is inverted, scaled and centered); or an array or .npy file
                ``(sample, *shape)``.
            epoch: Number of the epoch; the kept one if None.
            temperature: "fitted" for the temperature with which the validation samples are predicted best (see
                `calibration`), or a number above 0: above 1 the model is less confident, below 1 more. None leaves
                the probabilities as they are. The predicted class is always the same.

        Raises:
            DataError, UsageError: `x` or `temperature` does not fit.
        """
        epoch = check_epoch(epoch)
        found = analyses.find_temperature(self.context, temperature, epoch=epoch)
        probabilities = predict(self.context, x, epoch=epoch)
        return probabilities if found is None else at_temperature(probabilities, found)

    def examine(
        self, x: Any, *, nearest: int | None = None, explain: int | None = None, epoch: int | None = None
    ) -> Predictions:
        """Predict new samples, and say what speaks for the answer.

        Args:
            x: As of `predict`.
            nearest: Number of training samples that are nearest in the last hidden layer, found exactly; 0 for none;
                if None 5, or all where there are fewer.
            explain: Number of inputs that contributed most to the difference between the two highest logits; 0 for
                none, which a model that is not piecewise linear needs; if None 5, or all where there are fewer.
            epoch: Number of the epoch; the kept one if None.

        Returns:
            Probabilities, nearest samples, contributions and, of at least 20 training samples, the distance to them,
            with ``to_pandas()``, one row a sample.

        Raises:
            DataError: `x` does not fit, or the training samples cannot be loaded.
            UsageError: `x` is nothing that the model can be fed, or a number is outside its range.
            ModelError: The model is not piecewise linear, so that contributions do not add up.
        """
        return examine(self.context, x, nearest=nearest, explain=explain, epoch=check_epoch(epoch))

    def labels(self, *, split: str = "test") -> np.ndarray:
        """The class of each sample, int64 ``(sample,)``."""
        return analyses.labels(self.context, split)

    def explain(self, x: Any, *, epoch: int | None = None) -> "Explanation":
        """Explain one prediction: what spoke for the winning class and against the runner-up.

        Args:
            x: Raw values of one sample; a new row of a table, as a frame or as a mapping from columns to cells; or the
                name of a sample, such as "test[7]". With data without test samples of their own,
                such as the digits, names are "sample[7]", and "test[7]" is row 7 of the split "test".
            epoch: Number of the epoch; the kept one if None.

        Raises:
            UnknownNameError: There is no such sample or epoch.
            ModelError: The model is not piecewise linear, so that contributions do not add up.
        """
        return analyses.explain(self.context, one_sample(self.context, x), epoch=check_epoch(epoch))

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
        """The training samples that have raised, and those that have lowered, the probability of answers most.

        The influence of a training sample is the sum, over snapshots, of the learning rate times the product of two
        gradients: of its loss, and of the negative log-probability of the answer. It is above 0 where a step on the
        sample raised the probability. Gradients are without dropout and by all trained weights. What the optimizer adds
        to them, such as the scaling of each weight by Adam, is left out; the order is then that of an approximation.

        Args:
            samples: The samples that are answered: a name, such as "test[7]", or a list of names; or raw values as of
                `predict`, ``(sample, *shape)``.
            n: How many training samples of each kind at most.
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
            ModelError: A layer has no gradient in closed form, or the loss is not one of those of `train`.
            DataError: `samples` do not fit, or the model has diverged.

        Source:
            Pruthi, Liu, Sundararajan, Kale 2020, "Estimating training data influence by tracing gradient descent".
        """
        with show_progress(progress) as on_progress:
            return analyses.influence(
                self.context,
                _answers(self.context, samples),
                n,
                target=target,
                epoch=check_epoch(epoch),
                epochs=epochs,
                on_progress=on_progress,
            )

    def self_influence(
        self,
        split: str = "train",
        *,
        epoch: int | None = None,
        epochs: Any = "auto",
        progress: ProgressOption = False,
    ) -> np.ndarray:
        """The influence of each sample on its own loss, float32 ``(sample,)`` from 0 up: large for outliers.

        It is the squared norm of the gradient of the loss, times the learning rate, summed over snapshots. Samples with
        wrong labels are among the largest.

        Args:
            split: "train", "val", "test" or "all" (in that order).
            epoch: Up to which epoch; the kept one if None.
            epochs: As of `influence`.
            progress: See `Run`.

        Raises:
            CutawayError: As `influence`.
        """
        with show_progress(progress) as on_progress:
            return analyses.self_influence(
                self.context, split, epoch=check_epoch(epoch), epochs=epochs, on_progress=on_progress
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
        """How much worse the model predicts once a column of the table is shuffled among the samples.

        The loss is the cross-entropy without label smoothing, which ``run.test["loss"]`` may contain.

        Args:
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch; the kept one if None.
            samples: The most samples, a stratified sample by class; all of them if None.
            repeats: How often each column is shuffled.
            seed: Random seed of the sample and the shuffles.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such split or epoch.
            UsageError: The data are pictures, or the split has fewer than two samples.

        Source:
            Breiman 2001, "Random forests", section 10 (permutation importance), with the loss as well.
        """
        with show_progress(progress) as on_progress:
            return analyses.importance(
                self.context,
                split=split,
                epoch=check_epoch(epoch),
                samples=samples,
                repeats=repeats,
                seed=seed,
                on_progress=on_progress,
            )

    def robustness(
        self,
        against: "Run | str | Path | None" = None,
        *,
        perturbations: Sequence[str] | None = None,
        split: str = "test",
        epoch: int | None = None,
        samples: int | None = 2000,
        seed: int = 0,
        shared: bool = False,
        progress: ProgressOption = True,
    ) -> "Robustness":
        """How long the model stays right while samples or weights get worse, alone or beside another run's.

        Pictures get noise, are shifted, rotated and partly covered; values of tables go missing or get noise; weights
        are pruned by magnitude, and quantized. Samples are changed before they are scaled, and stay in their range.

        Args:
            against: Another run on the same samples, at its kept epoch, or where `open_run` finds it.
            perturbations: Names of those to measure, such as "noise" or "pruning"; all that apply if None.
            split: "train", "val", "test" or "all"; with `against` "test" or "val".
            epoch: Number of the epoch; the kept one if None.
            samples: The most samples, a stratified sample by class; all of them if None.
            seed: Random seed of the sample and of everything random in the corruptions.
            shared: With `against`: whether runs that do not have the same samples in this split are compared on those
                that both have in it; see `compare`.
            progress: See `Run`.

        Returns:
            Accuracies with 95% intervals at each severity; and why some perturbations do not apply.

        Raises:
            UnknownNameError: There is no such split, epoch or perturbation.
            UsageError: The runs have other samples, or a number is outside its range.
            RunError: A model does not open.

        Source:
            Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common corruptions and
            perturbations"; what is done to weights is in `cutaway.models.compression`.
        """
        with show_progress(progress) as on_progress:
            return analyses.measure_robustness(
                self.context,
                None if against is None else _context_of(against),
                perturbations=perturbations,
                split=split,
                epoch=check_epoch(epoch),
                samples=samples,
                seed=seed,
                shared=shared,
                on_progress=on_progress,
            )

    @property
    def decisions(self) -> "tuple[Decision, ...]":
        """What a person decided on labels, in the order of the run's labels.csv; the last on a sample counts."""
        from cutaway.api.labels import decisions_of

        return decisions_of(self.context)

    def decide(self, decisions: "Decision | Sequence[Decision]") -> Path:
        """Add decisions on labels to the run's labels.csv, which `cutaway.train` takes as ``labels=``.

        Args:
            decisions: `Decision` records, or one; they get the user's name and the time where they have none.

        Returns:
            The path of the file.

        Raises:
            UsageError: They are no decisions.
            UnknownNameError, DataError: There is no such sample or class.
            RunError: The folder cannot be written.
        """
        from cutaway.api.labels import add_decisions

        return WrittenFile(add_decisions(self.context, decisions))

    def findings(self, *, progress: ProgressOption = False) -> "Findings":
        """What a person should look at: warnings first, causes before what follows from them."""
        return analyses.Findings(analyses.findings(self.context, layers=lambda: self.layers(progress=progress)))

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
            split: Whose samples the explorer shows, as of `explore`. The other sections are always of held-out samples.
            epochs: The epochs that it shows, as of `explore`.
            samples: The most samples that it shows, as of `explore`.
            against: Another run on the same samples, at its kept epoch, or where `open_run` finds it: the report has a
                section that compares both, and colors of the explorer that show which of them is right.
            shared: With `against`: whether runs that do not hold out the same samples are compared on those that both
                do, as by `compare`.
            progress: See `Run`.

        What is computed for it is kept among the results of the run: the next report takes a few seconds.

        Raises:
            UnknownNameError: There is no such split or epoch.
            UsageError: The file cannot be written, the split is empty, a number is outside its range, or the runs
                cannot be compared.
        """
        from cutaway.api.report import write_report

        other = None if against is None else _context_of(against)
        numbers = None if epochs is None else epoch_numbers(self.context, epochs)
        with show_progress(progress) as on_progress:
            given: Any = {"split": split, "epochs": numbers, "samples": samples, "against": other, "shared": shared}
            return WrittenFile(write_report(self.context, path, **given, on_progress=on_progress))


def _context_of(run: Run | str | Path) -> RunContext:
    """The context of a run, or of the folder or name of one."""
    if isinstance(run, Run):
        return run.context
    if not isinstance(run, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            "the other run is a Run, or the name or path of its folder",
            got=type(run).__name__,
            hint="pass for example against=cutaway.open_run(path)",
        )
    return RunContext(find_run(run, runs=RUNS))


def _answers(context: RunContext, samples: Any) -> analyses.Answers:
    """Samples by their names, or new ones."""
    if isinstance(samples, str | list):
        named = cast("list[Any]", [samples] if isinstance(samples, str) else samples)
        if all(isinstance(name, str) for name in named):
            return analyses.Answers.named(context, named)
    parts = list(new_samples(context, samples, warn=False))
    rows = [part.x for part in parts] or [np.empty((0, *context.manifest.dataset.shape), np.uint8)]
    return analyses.Answers(np.concatenate(rows), [name for part in parts for name in part.names])
