"""Views of a run that lay out its layers in the plane or look into them: the methods that `Run` takes from here."""

from typing import TYPE_CHECKING, Any, cast

from .progress import ProgressOption, show_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas

    from cutaway.embedding import Iterate

    from .embedding import Embedding
    from .explanation import Explanation
    from .layers import LayerHistory
    from .run import Run
    from .sequence import EmbeddingSequence
    from .units import Units


class Views:
    """What `Run` shows of its layers."""

    @property
    def _run(self) -> "Run":
        return cast("Run", self)

    def embed(
        self,
        layer: str | None = None,
        *,
        split: str = "all",
        epoch: int = -1,
        method: str = "tsne",
        points: int | None = None,
        seed: int = 0,
        callback: "Callable[[Iterate], bool | None] | None" = None,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "Embedding":
        """Give the activations of a layer two coordinates a sample.

        The result is kept in the run folder; asking again for the same reads it back.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: "train", "val", "test" or "all".
            epoch: Number of the epoch.
            method: "tsne", "pca", "lda" or "umap" (which needs the package umap-learn).
            points: Samples at most, drawn in equal shares from the classes; all of them if None.
            seed: Decides which samples are drawn, and everything random in the method.
            callback: t-SNE only: called with the layout on its way, at most ten times a second, and first before the
                descent; if it returns False, the coordinates reached so far are returned (but not cached).
            progress: True draws bars, False is silent, a callable gets `Progress` records.
            settings: Of the method, see `cutaway.embedding.embed`: perplexity, n_iter ...

        Raises:
            UnknownNameError: There is no such layer, split, epoch or method.
            DataError: The activations cannot be embedded.
        """
        from .embed import embed_run

        wanted = {"method": method, "seed": seed, **settings}
        with show_progress(progress) as on_progress:
            return embed_run(
                self._run,
                layer,
                split=split,
                epoch=epoch,
                points=points,
                settings=wanted,
                callback=callback,
                on_progress=on_progress,
            )

    def embed_epochs(
        self,
        layer: str | None = None,
        epochs: "Sequence[int] | None" = None,
        *,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "EmbeddingSequence":
        """Lay out a layer at several epochs, so that a sample keeps its place while its neighbors stay the same.

        Args:
            layer: Name of the layer; the last hidden one if None. "input" is what the model sees.
            epochs: Their numbers, going up; all with a snapshot if None.
            progress: True draws bars, False is silent, a callable gets `Progress` records.
            settings: split, points, seed, perplexity and n_iter, as of `embed`.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
            UsageError: There are fewer than two epochs, or a setting is wrong.
            DataError: The activations of an epoch cannot be embedded.
        """
        from .sequence import embed_epochs

        with show_progress(progress) as on_progress:
            return embed_epochs(self._run, layer, epochs=epochs, on_progress=on_progress, **settings)

    def embed_layers(
        self,
        epoch: int = -1,
        layers: "Sequence[str] | None" = None,
        *,
        progress: ProgressOption = True,
        **settings: Any,
    ) -> "EmbeddingSequence":
        """Lay out several layers at one epoch, so that a sample keeps its place while its neighbors stay the same.

        Args:
            epoch: Number of the epoch.
            layers: Their names, in order; all Dense layers if None. "input" is what the model sees.
            progress: True draws bars, False is silent, a callable gets `Progress` records.
            settings: split, points, seed, perplexity and n_iter, as of `embed`.

        Raises:
            As `embed_epochs`.
        """
        from .sequence import embed_layers

        with show_progress(progress) as on_progress:
            return embed_layers(self._run, epoch, layers=layers, on_progress=on_progress, **settings)

    def layer_history(
        self,
        *,
        split: str = "test",
        epochs: "Sequence[int] | None" = None,
        samples: int = 10_000,
        k: int = 15,
        seed: int = 0,
        progress: ProgressOption = True,
    ) -> "LayerHistory":
        """Measure what each layer knows after each epoch: ``to_pandas()`` is a table, one row an epoch and layer.

        Args:
            split: "train", "val", "test" or "all".
            epochs: Their numbers; all with a snapshot if None.
            samples: At most so many, drawn in equal shares from the classes.
            k: Neighbors that vote in the k-NN accuracy.
            seed: Decides which samples are drawn.
            progress: True draws bars, False is silent, a callable gets `Progress` records.

        Raises:
            UnknownNameError: There is no such split or epoch.
        """
        from .layers import layer_history

        with show_progress(progress) as on_progress:
            return layer_history(
                self._run, split=split, epochs=epochs, samples=samples, k=k, seed=seed, on_progress=on_progress
            )

    def similarity(
        self,
        layer: str | None = None,
        *,
        split: str = "test",
        epochs: "Sequence[int] | None" = None,
        samples: int = 10_000,
        seed: int = 0,
        progress: ProgressOption = True,
    ) -> "pandas.DataFrame":
        """Compare a layer with itself between every two epochs by linear CKA: when does it stop changing?

        How alike layers are after one epoch, `LayerHistory.cka` says.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: "train", "val", "test" or "all".
            epochs: Their numbers; all with a snapshot if None.
            samples: At most so many, drawn in equal shares from the classes.
            seed: Decides which samples are drawn.
            progress: True draws bars, False is silent, a callable gets `Progress` records.

        Returns:
            A pandas DataFrame (epoch, epoch) in [0, 1]; NaN where a layer is constant or has diverged.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
        """
        from .layers import similarity

        with show_progress(progress) as on_progress:
            return similarity(
                self._run, layer, split=split, epochs=epochs, samples=samples, seed=seed, on_progress=on_progress
            )

    def units(
        self, layer: str | None = None, *, split: str = "test", epoch: int = -1, progress: ProgressOption = True
    ) -> "Units":
        """Describe every unit of a hidden layer: ``to_pandas(sort)`` is a table, ``card(number)`` one unit.

        Args:
            layer: Name of the layer; the last hidden one if None.
            split: Samples on which it is measured; dead is who gives the same output for the whole dataset.
            epoch: Number of the epoch.
            progress: True draws bars, False is silent, a callable gets `Progress` records.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
            UsageError: The layer is the output, or the split is empty.
            DataError: An activation is no finite number: the model has diverged.
        """
        from .units import units

        with show_progress(progress) as on_progress:
            return units(self._run, layer, split=split, epoch=epoch, on_progress=on_progress)

    def explain(self, x: "np.ndarray | str", *, epoch: int = -1) -> "Explanation":
        """Follow one sample through the model: what argued for the winning class and against the runner-up.

        Args:
            x: Raw values of one sample, or its name, such as "test[7]".
            epoch: Number of the epoch.

        Raises:
            UnknownNameError: There is no such sample or epoch.
            ModelError: The model is not piecewise linear, so that contributions do not add up.
        """
        from .explanation import explain

        return explain(self._run, x, epoch=epoch)
