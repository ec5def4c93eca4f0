# pyright: basic
# scikit-learn has no types
"""t-SNE as an estimator of scikit-learn, for anyone with an array: it knows no run, and loads neither Keras nor JAX."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from cutaway._lazy import public
from cutaway.checks import as_array, check_flag, check_whole, is_whole
from cutaway.embedding import (
    EXACT,
    PCA_COMPONENTS,
    PLACES,
    QUALITY_NEIGHBORS,
    Callback,
    Placement,
    TSNESettings,
    check_activations,
    check_callback,
    fit_tsne,
    inspected_neighbors,
    limited_threads,
    measure_quality,
    place,
    tsne_of_neighbors,
)
from cutaway.errors import DataError, UsageError
from cutaway.parallel import ask_memory
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.sparse import check_sparse, is_sparse
from cutaway.words import shown

from .distances import nearest_of_distances

if TYPE_CHECKING:
    from cutaway.embedding import Quality

METRICS = ("euclidean", "cosine", "precomputed")

TYPES = [*"dfe?", *np.typecodes["AllInteger"]]
"""Types of rows that are taken as they are, by NumPy's letters; others, such as objects, are converted to the first."""

ORIGIN_ROWS = 256
"""Rows whose median is the origin of rows that float32 does not hold, and rows that are moved there at a time."""


_Fitted: TypeAlias = "tuple[np.ndarray, float | None, dict[str, Any], Quality | None]"
"""Coordinates, KL divergence, settings as they were used, and quality."""


@public
class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """t-SNE in seconds, as an estimator of scikit-learn, with the settings and the callback of `cutaway.Run.embed`.

    The same seed gives the same bytes on the same machine, with any number of threads. Above 50 columns, neighbors are
    searched in the first 50 principal components.

    Args:
        n_components: 2, or 1 for a line, of at most 4,000 samples.
        perplexity: Effective number of neighbors of each sample; the affinities of several values are averaged. The
            ranges of the settings from here to `init`, and what "auto" means: `cutaway.embedding.TSNESettings`.
        neighbors: "auto", "exact" or "approximate". Approximate search finds most of the nearest, and uses twice as
            many neighbors as the perplexity instead of three times as many; `settings_["neighbors_recall"]` is the
            share that was found, mostly 98%.
        max_iter: Maximum number of iterations in all.
        early_exaggeration: Factor of the attractive forces in the first iterations, 1 or more.
        early_exaggeration_iter: Number of these iterations.
        early_samples: Number of random samples that these iterations begin with.
        exaggeration: Factor of the attractive forces in all others, 1 or more.
        learning_rate: Above 0.
        momentum: After early exaggeration, 0 or more and below 1.
        final_iter: Number of final iterations with a momentum of at most 0.8.
        tolerance: The descent has converged when the KL divergence falls by less than this share in 50 iterations.
        init: "pca", "spectral", "random", or an array (sample, component).
        metric: "euclidean"; "cosine", which is Euclidean between rows of length 1; or "precomputed": X is a sparse
            matrix whose row i holds the distances from sample i to its nearest others, at least three times the
            perplexity, as `sklearn.neighbors.kneighbors_graph` makes it, or a dense matrix of all distances.
        n_jobs: Number of threads; None or -1 for all.
        random_state: Random seed: a whole number from 0, a `numpy.random.RandomState`, or None for 0. It decides the
            initializations "random" and "spectral", and which samples the quality is measured on.
        callback: Gets a `cutaway.embedding.LayoutStep` at most ten times a second, the first time before the first
            iteration. If it returns True, the descent ends with the coordinates reached so far.
        quality: Whether `quality_` is measured, which takes about 0.4 times as long as the embedding.
        progress: See `Run`.

    Attributes:
        embedding_: float32 (sample, component).
        kl_divergence_: In nats, with the neighbors that were found: with approximate ones it is 3% to 8% higher for the
            same map. None if a callback ended the descent.
        n_iter_: Number of iterations.
        quality_: How well neighborhoods are preserved, and what a reader of the map should distrust
            (`quality_.cautions`). None for precomputed distances, for 30 samples or fewer, if a callback ended the
            descent, or with `quality=False`.
        settings_: Every setting with the value that was used.
        n_features_in_: Number of columns of X.
        feature_names_in_: Their names, if X was a DataFrame.

    Source: van der Maaten and Hinton 2008; Linderman et al. 2019 for the interpolation of forces; Poličar et al. 2023
        for the places of new samples.
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float | Sequence[float] | str = "auto",
        neighbors: str = "auto",
        max_iter: int = 750,
        early_exaggeration: float = 12.0,
        early_exaggeration_iter: int | str = "auto",
        early_samples: int | str = "auto",
        exaggeration: float = 1.0,
        learning_rate: float | str = "auto",
        momentum: float | str = "auto",
        final_iter: int | str = "auto",
        tolerance: float | str = "auto",
        init: str | np.ndarray = "pca",
        metric: str = "euclidean",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        callback: Callback | None = None,
        quality: bool = True,
        progress: ProgressOption = False,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.neighbors = neighbors
        self.max_iter = max_iter
        self.early_exaggeration = early_exaggeration
        self.early_exaggeration_iter = early_exaggeration_iter
        self.early_samples = early_samples
        self.exaggeration = exaggeration
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.final_iter = final_iter
        self.tolerance = tolerance
        self.init = init
        self.metric = metric
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.callback = callback
        self.quality = quality
        self.progress = progress

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse, tags.input_tags.pairwise = True, self.metric == "precomputed"
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def fit(self, X: Any, y: Any = None) -> "TSNE":
        """Lay out samples.

        Args:
            X: (sample, column) finite numbers, dense in any order, a memory map, or sparse (CSR, CSC, COO or BSR); at
                least 4 rows, not all equal. With `metric="precomputed"`, distances.
            y: Not used.

        Raises:
            ValueError: X is not such a matrix (also as DataError), or a parameter is outside its range (UsageError).
        """
        self._check()
        before = dict(vars(self))
        try:
            self._fit(X)
        except BaseException:  # an earlier fit stays as it was
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _fit(self, X: Any) -> None:
        with show_progress(self.progress) as on_progress, limited_threads(self.n_jobs):
            how = {"seed": _seed(self.random_state), "callback": self._callback(), "on_progress": on_progress}
            fitted = self._fit_distances(X, how) if self.metric == "precomputed" else self._fit_rows(X, how)
        xy, self.kl_divergence_, self.settings_, self.quality_ = fitted
        self.embedding_, self.n_iter_ = self._shown(xy), int(self.settings_["iterations"])
        self._n_features_out = int(self.n_components)

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Lay out samples, as `fit`, and return `embedding_`."""
        return self.fit(X).embedding_

    def transform(self, X: Any) -> np.ndarray:
        """Place new samples in the layout, which stays as it is: each by itself, whatever rows come with it.

        A sample that was laid out gets a place near its own, not the same one.

        Args:
            X: (sample, column), with the columns of the samples that were laid out.

        Returns:
            float32 (sample, component).

        Raises:
            NotFittedError: There is no layout.
            UsageError: The layout is of precomputed distances.
            DataError: X does not fit.
        """
        check_is_fitted(self, "embedding_")
        if self._placement is None:
            raise UsageError(
                "a layout of precomputed distances cannot place new samples",
                hint='lay out the columns themselves, with metric="euclidean" or "cosine"',
            )
        with limited_threads(self.n_jobs):
            return self._shown(place(self._rows(X, reset=False), self._placement))

    def _check(self) -> None:
        """Refuse what the engine cannot do, with what can be done instead."""
        if not is_whole(self.n_components) or self.n_components not in (1, 2):
            hint = "pass n_components=2, or use sklearn.manifold.TSNE for another number"
            raise UsageError(f"n_components must be 2 or 1, not {shown(self.n_components)}", hint=hint)
        if not isinstance(self.metric, str) or self.metric not in METRICS:
            raise UsageError(
                f"metric must be one of {', '.join(METRICS)}, not {shown(self.metric)}",
                hint='for any other, pass sklearn.neighbors.kneighbors_graph(X, 90, mode="distance", metric=...) with '
                'metric="precomputed"',
            )
        if self.metric == "precomputed" and self.neighbors != TSNE().neighbors:
            raise UsageError(
                f"neighbors={shown(self.neighbors)} does not go with precomputed distances, which name the nearest "
                "samples",
                hint="leave neighbors out",
            )
        check_callback(self.callback, method="tsne")
        check_flag(self.quality, name="quality")

    def _shown(self, xy: np.ndarray) -> np.ndarray:
        """Coordinates as the caller wants them: on a line, the second one of each is 0."""
        return xy if self.n_components == 2 else xy[:, :1].copy()

    def _settings(self, samples: int) -> dict[str, Any]:
        """The settings of the engine.

        On a line samples start with a second coordinate of 0, and no force moves them off it.

        Raises:
            UsageError: There are too many samples for a line.
        """
        init = self.init
        if self.n_components == 1:
            if samples > EXACT:
                rule = f"n_components=1 takes at most {EXACT:,} samples, not {samples:,}"
                raise UsageError(rule, hint="pass n_components=2, or fewer samples")
            if not isinstance(init, str):
                init = as_array(init, what="the places of init")
                if init.shape not in ((samples,), (samples, 1)):
                    rule = f"init must have the shape ({samples}, 1) with n_components=1, not {init.shape}"
                    raise DataError(rule, hint=PLACES)
                init = np.column_stack([init, np.zeros(samples)])
        return {field.name: getattr(self, field.name) for field in fields(TSNESettings)} | {"init": init}

    def _fit_rows(self, X: Any, how: dict[str, Any]) -> _Fitted:
        rows = self._rows(X, reset=True)
        h = check_activations(rows)
        wanted = inspected_neighbors(len(h)) if self.quality else 0
        found = fit_tsne(h, self._settings(len(h)), neighbors=wanted, on_a_line=self.n_components == 1, **how)
        assert found.components is not None
        assert found.points is not None
        self._placement = Placement(found.components, found.points, found.xy)
        quality = None
        if self.quality and len(h) > 2 * QUALITY_NEIGHBORS and found.settings["stopped"] != "canceled":
            given = {"seed": how["seed"], "on_progress": how["on_progress"]}
            quality = measure_quality(h, found.xy, k=QUALITY_NEIGHBORS, around=found.around, **given)
            quality = replace(quality, neighbors_found=found.settings["neighbors_recall"])
        return found.xy, found.kl_divergence, found.settings, quality

    def _fit_distances(self, X: Any, how: dict[str, Any]) -> _Fitted:
        matrix = self._matrix(X, reset=True, dtype=[np.float64, np.float32])
        self._placement = None
        near = nearest_of_distances(matrix)
        found = tsne_of_neighbors(near, self._settings(len(near.index)), on_a_line=self.n_components == 1, **how)
        return found.xy, found.kl_divergence, found.settings, None

    def _rows(self, X: Any, *, reset: bool) -> np.ndarray:
        """Checked rows as the engine takes them, float32 (sample, column)."""
        rows = self._matrix(X, reset=reset, dtype=TYPES)
        if self.metric == "cosine":
            rows = _of_length_1(rows)
        if reset:
            self._components = None
            if is_sparse(rows) and min(rows.shape) > PCA_COMPONENTS:
                from sklearn.decomposition import PCA

                self._components = PCA(PCA_COMPONENTS, svd_solver="arpack", random_state=0)  # Lanczos' method
        if self._components is not None:
            rows = self._components.fit_transform(rows) if reset else self._components.transform(rows)
        count, columns = rows.shape
        if reset:  # float32 keeps small differences of large numbers, such as times, only near 0
            some = rows[:: -(-count // ORIGIN_ROWS)]
            is_exact = np.can_cast(rows.dtype, np.float32)
            self._origin = np.zeros(columns) if is_exact else np.median(_dense(some), axis=0)
        if isinstance(rows, np.ndarray) and rows.dtype == np.float32 and not self._origin.any():
            return rows
        near = np.empty((count, columns), np.float32)
        with np.errstate(over="ignore"):  # infinite values are refused by whoever takes the rows
            for first in range(0, count, ORIGIN_ROWS):
                near[first : first + ORIGIN_ROWS] = _dense(rows[first : first + ORIGIN_ROWS]) - self._origin
        return near

    def _matrix(self, X: Any, *, reset: bool, dtype: list[Any]) -> Any:
        """A matrix as scikit-learn checks it, dense or of the format CSR; a sparse one is looked at before.

        Raises:
            DataError: It is damaged, or needs more memory than there is.
        """
        if is_sparse(X):
            check_sparse(X, what="the samples")
            rows, columns = X.shape
            few = min(rows, columns, PCA_COMPONENTS if reset or self._components else columns)
            # float64 of a few columns of each, or principal components with two copies; or the starts of the rows
            size = 24 * (rows if self.metric == "precomputed" else few * max(X.shape))
            got = f"a sparse matrix of {rows:,} x {columns:,}"
            ask_memory(size, what="the samples", got=got, hint="take fewer rows or columns")
        least = 4 if reset else 1
        return validate_data(self, X, reset=reset, accept_sparse="csr", dtype=dtype, ensure_min_samples=least)

    def _callback(self) -> Callback | None:
        """The callback, with coordinates as the caller wants them."""
        callback = self.callback
        return callback and (lambda step: callback(replace(step, xy=self._shown(step.xy))))


def _dense(rows: Any) -> np.ndarray:
    return rows if isinstance(rows, np.ndarray) else rows.toarray()


def _of_length_1(rows: Any) -> Any:
    """Rows divided by their lengths.

    Raises:
        DataError: One holds only zeros.
    """
    from scipy.sparse.linalg import norm

    length: Any = norm if is_sparse(rows) else np.linalg.norm
    lengths = length(rows.astype(np.float64), axis=1)[:, np.newaxis]
    if not lengths.all():
        raise DataError(
            f"row {int(np.argmin(lengths))} holds only zeros, so it has no cosine distances",
            hint='leave such rows out, or pass metric="euclidean"',
        )
    return rows.multiply(1 / lengths).tocsr() if is_sparse(rows) else rows / lengths


def _seed(random_state: Any) -> int:
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return 0 if random_state is None else check_whole(random_state, name="random_state", least=0, most=2**32 - 1)
