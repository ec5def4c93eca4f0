"""What is inside of a run's model: activations, layers, units and embeddings."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.api import analyses
from cutaway.api.analyses.epochs import check_epoch, epoch_numbers
from cutaway.api.progress import ProgressOption, show_progress

from .recorded import RecordedRun

if TYPE_CHECKING:
    from cutaway.api.analyses import Embedding, EmbeddingSequence, LayerHistory, Layers, Similarity, Units
    from cutaway.embedding import Iterate
    from cutaway.page import ExplorerWidget


class OpenedRun(RecordedRun):
    """A run whose model is looked into; see `Run`."""

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
    ) -> "Similarity":
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
            A pandas DataFrame (epoch, epoch) with ``plot()``, in [0, 1]; NaN where a layer is constant or has diverged.

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
        laid_out: int = 250_000,
        engine: str | None = None,
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
            quality: Whether to measure its quality, which takes about 0.4 times as long as t-SNE of 70,000 x 512; if
                False, it is measured when `Embedding.quality` or ``misplaced`` is first asked for.
            laid_out: The most samples that t-SNE lays out. Of more samples, these are a stratified sample by class, and
                all others are placed among them as `Embedding.transform` does: quickly, with few activations in memory.
                The result says how many, and its quality is that of the whole, measured on 1,500 samples.
            engine: Where the other samples are placed, as of `cutaway.label_issues`: by default here, batch by batch.
                t-SNE itself runs here.
            progress: See `Run`.
            settings: Settings of t-SNE, see `cutaway.embedding.TSNESettings`: perplexity, n_iter, initialization,
                early_exaggeration, exaggeration, learning_rate and others.

        Returns:
            An `Embedding`. Where the callback or a `CancelToken` stopped t-SNE while the coordinates were moving, it
            holds those reached so far, and ``canceled`` is True.

        Raises:
            UnknownNameError: There is no such layer, split, epoch or method.
            UsageError: A setting is unknown or outside its range, or there is no such engine.
            DataError: The activations cannot be embedded.
            ExecutionError: The engine cannot be reached, has other versions, or lost its workers.
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
                laid_out=laid_out,
                engine=engine,
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
            settings: split, points (250,000 if None), seed, and settings of t-SNE, as in `embed`. There is no callback.

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
            settings: As of `embed_epochs`, whose errors these are.
        """
        epoch = check_epoch(epoch)
        with show_progress(progress) as on_progress:
            return analyses.embed_layers(self.context, epoch, layers=layers, on_progress=on_progress, **settings)

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
        selected samples, and setting it selects. ``widget.layer``, ``epoch``, ``color`` and ``pinned`` change with what
        is done in the browser, and change what it shows when they are set. Where it is not alive, as in an exported
        notebook, a picture takes its place.

        Args:
            split: "train", "val", "test" or "all". If None, test samples, or validation samples where there are none.
            epochs: Numbers of the epochs that can be shown, or a single one; the kept one is always among them. At most
                16, evenly spaced, if None; of many samples in many layers fewer, which a note and the page say, so that
                there are at most 2,000,000 places on all maps, or 3 epochs.
            samples: The most samples, 20..100,000; of more, a stratified sample by class. If None, 100,000 of a split
                that is named, and otherwise 10,000.
            height: Height of the large map in CSS pixels, 200..4000.
            progress: See `Run`.

        Returns:
            The widget. What is computed for it is kept among the results of the run, and shared with `report`.

        Raises:
            UnknownNameError: There is no such split or epoch.
            UsageError: The package anywidget is not installed (the extra "notebook"), a number is outside its range, or
                the split has fewer than 20 samples.
            RunError: The run does not hold its model.
        """
        from cutaway.api.report import run_explorer
        from cutaway.page import check_widget, explorer_widget

        check_widget(height=height)
        numbers = None if epochs is None else epoch_numbers(self.context, epochs)
        with show_progress(progress) as on_progress:
            record = run_explorer(self.context, split=split, epochs=numbers, samples=samples, on_progress=on_progress)
        return explorer_widget(record, height=height)
