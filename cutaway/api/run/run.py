"""The run as the user holds it: every analysis of a run folder, one method each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.api import analyses
from cutaway.api.analyses.epochs import check_epoch
from cutaway.api.prediction import Predictions, examine, one_sample, predict
from cutaway.api.progress import ProgressOption, show_progress
from cutaway.api.written import WrittenFile

from .recorded import RecordedRun

if TYPE_CHECKING:
    import pandas

    from cutaway.api.analyses import (
        Embedding,
        EmbeddingSequence,
        Explanation,
        Importances,
        LayerHistory,
        Layers,
        Units,
    )
    from cutaway.embedding import Iterate
    from cutaway.findings import Finding


@public
class Run(RecordedRun):
    """A training that was, or still is, recorded in a run folder.

    Made by `cutaway.train`, `cutaway.record` and `cutaway.open_run`. Layers and epochs are named as Keras names them.
    ``epoch=None`` is the kept epoch: the best one after early stopping, and otherwise the last. ``epoch=-1`` is the
    last one with a snapshot, ``epoch=0`` the model as initialized. ``progress=True`` draws progress bars, False draws
    nothing, and a callable gets `Progress` records.

    Attributes:
        context: Its folder, data and models, as every analysis uses them.
    """

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
        epoch, ids = check_epoch(epoch), self.split.part(split)
        with show_progress(progress) as on_progress:
            return analyses.layer_activations(self.context, layer, ids, epoch=epoch, on_progress=on_progress)

    def predictions(
        self, *, split: str = "test", epoch: int | None = None, progress: ProgressOption = False
    ) -> np.ndarray:
        """Probabilities in evaluation, float32 ``(sample, class)``."""
        epoch, ids = check_epoch(epoch), self.split.part(split)
        with show_progress(progress) as on_progress:
            return analyses.probabilities(self.context, ids, epoch=epoch, on_progress=on_progress)

    def predict(self, x: Any, *, epoch: int | None = None) -> np.ndarray:
        """The probability of every class for new samples, prepared as in training: float32 ``(sample, class)``.

        Args:
            x: A file, a list of files or a frame with the columns of the table, in any order; a picture file, a list or
                a folder of them (for MNIST a digit is inverted, scaled and centered); or an array or .npy file
                ``(sample, *shape)``.
            epoch: Number of the epoch; the kept one if None.

        Raises:
            DataError, UsageError: `x` does not fit.
        """
        return predict(self.context, x, epoch=check_epoch(epoch))

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

    def layers(self, *, epoch: int | None = None, progress: ProgressOption = False) -> "Layers":
        """What each layer is and holds after an epoch, and how many of its units are inactive on the whole dataset.

        Returns:
            A tuple of `LayerRecord`; ``to_pandas()`` is a table, one row a layer.
        """
        number = self.context.epoch(check_epoch(epoch))
        if number not in self._layers:
            with show_progress(progress) as on_progress:
                self._layers[number] = analyses.layer_records(self.context, epoch=number, on_progress=on_progress)
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
        """Measure what each layer knows after each epoch; ``to_pandas()`` is a table, one row an epoch and layer.

        Args:
            split: "train", "val", "test" or "all".
            epochs: Their numbers, or a single one; all with a snapshot if None.
            samples: The most samples, a stratified sample by class; fewer where layers are very wide.
            k: Number of neighbors in the k-NN accuracy.
            seed: Random seed of the sample.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such split or epoch.
        """
        with show_progress(progress) as on_progress:
            return analyses.layer_history(
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
    ) -> "pandas.DataFrame":
        """Compare a layer with itself between every two epochs by linear CKA: when does it stop changing?

        `LayerHistory.cka` compares the layers of one epoch.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: "train", "val", "test" or "all".
            epochs: Their numbers, or a single one; all with a snapshot if None.
            samples: The most samples, a stratified sample by class; fewer where the layer is very wide.
            seed: Random seed of the sample.
            progress: See `Run`.

        Returns:
            A pandas DataFrame (epoch, epoch) in [0, 1]; NaN where a layer is constant or has diverged.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
        """
        with show_progress(progress) as on_progress:
            return analyses.similarity(
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
            split: Samples on which units are measured; constant units are found on the whole dataset.
            epoch: Number of the epoch; the kept one if None.
            samples: The most samples, a stratified sample by class; all of them if None.
            progress: See `Run`.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
            UsageError: The layer is the output, or the split is empty.
            DataError: An activation is not a finite number: the model has diverged.
        """
        epoch = check_epoch(epoch)
        with show_progress(progress) as on_progress:
            return analyses.units(
                self.context, layer, split=split, epoch=epoch, samples=samples, on_progress=on_progress
            )

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

    def embed(
        self,
        layer: str | None = None,
        *,
        split: str = "all",
        epoch: int | None = None,
        method: str = "tsne",
        points: int | None = None,
        seed: int = 0,
        callback: "Callable[[Iterate], bool | None] | None" = None,
        quality: bool = True,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "Embedding":
        """Give the activations of a layer two coordinates a sample.

        The result is cached in the run folder; the same call again reads it.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch; the kept one if None.
            method: "tsne", "pca", "lda" or "umap" (which needs the package umap-learn).
            points: The most samples, a stratified sample by class; all of them if None.
            seed: Random seed of the sample, and of everything random in the method.
            callback: t-SNE only: gets the coordinates on their way, at most ten times a second, the first time before
                the first step, and never where the result is cached. If it returns False, the embedding stops, and you
                get the coordinates reached so far (which are not cached).
            quality: Whether to measure its quality, which takes up to a third of the time of t-SNE; if False, it is
                measured when `Embedding.quality` or ``misplaced`` is first asked for.
            progress: See `Run`.
            settings: Settings of t-SNE, see `cutaway.embedding.TSNESettings`: perplexity, n_iter, initialization,
                early_exaggeration, exaggeration, learning_rate and others.

        Returns:
            An `Embedding`. Where the callback or a `CancelToken` stopped t-SNE while the coordinates were moving, it
            holds those reached so far, and ``canceled`` is True.

        Raises:
            UnknownNameError: There is no such layer, split, epoch or method.
            UsageError: A setting is unknown or outside its range.
            DataError: The activations cannot be embedded.
            Canceled: A `CancelToken` stopped it before there were any coordinates.
        """
        with show_progress(progress) as on_progress:
            return analyses.embed_layer(
                self.context,
                layer,
                split=split,
                epoch=check_epoch(epoch),
                points=points,
                settings={"method": method, "seed": seed, **settings},
                callback=callback,
                quality=quality,
                on_progress=on_progress,
            )

    def embed_epochs(
        self,
        layer: str | None = None,
        epochs: Sequence[int] | None = None,
        *,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "EmbeddingSequence":
        """Embed a layer at several epochs, so that a sample keeps its place while its neighbors stay the same.

        Args:
            layer: Name of the layer; the last hidden one if None. "input" is what the model sees.
            epochs: Their numbers, ascending; all with a snapshot if None.
            progress: See `Run`.
            settings: split, points, seed, and settings of t-SNE, as in `embed`. There is no callback.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
            UsageError: There are fewer than two epochs, or a setting is wrong.
            DataError: The activations of an epoch cannot be embedded.
        """
        with show_progress(progress) as on_progress:
            return analyses.embed_epochs(self.context, layer, epochs=epochs, on_progress=on_progress, **settings)

    def embed_layers(
        self,
        epoch: int | None = None,
        layers: Sequence[str] | None = None,
        *,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "EmbeddingSequence":
        """Embed several layers at one epoch, so that a sample keeps its place while its neighbors stay the same.

        Args:
            epoch: Number of the epoch; the kept one if None.
            layers: Their names, in order; all Dense layers if None. "input" is what the model sees.
            progress: See `Run`.
            settings: split, points, seed, and settings of t-SNE, as in `embed`; errors are those of `embed_epochs`.
        """
        epoch = check_epoch(epoch)
        with show_progress(progress) as on_progress:
            return analyses.embed_layers(self.context, epoch, layers=layers, on_progress=on_progress, **settings)

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

    def findings(self, *, progress: ProgressOption = False) -> "tuple[Finding, ...]":
        """What a person should look at, most important first."""
        layers = self.layers(progress=progress) if self.context.opens else ()
        return analyses.findings(self.context, layers=layers)

    def report(self, path: str | Path | None = None, *, progress: ProgressOption = True) -> Path:
        """Write everything about the run into one HTML file that works without a network, and return its path.

        Args:
            path: Where to write it; report.html in the run folder if None.
            progress: See `Run`.

        Raises:
            UsageError: The file cannot be written.
        """
        from cutaway.api.report import write_report

        with show_progress(progress) as on_progress:
            return WrittenFile(write_report(self.context, path, on_progress=on_progress))
