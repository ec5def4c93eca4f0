"""Cross-validation over all samples: the model, the samples and their folds."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.data import Dataset, SampleIds, Split, Table, all_ids
from cutaway.progress import ProgressCallback
from cutaway.row_keys import first_equal, row_keys
from cutaway.runs import FoldStore
from cutaway.training import TrainingConfig, plan, recorded_config

from .options import LabelIssuesOptions

METHOD = 2
"""Version of how folds are trained and kept; folds of another version are trained again."""


STANDARDIZED, STANDARDIZED_VALUES, WIDEST = 10_000, 10_000_000, 2**16
"""Maximum number of samples, and of values, for standardizing inputs; and of inputs of a Normalization."""


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The model, the samples and their folds.

    Attributes:
        data: The dataset.
        ids: The samples, in order of source and row.
        spec: Specification of the model.
        config: Every setting; the number of epochs is `epochs` unless it is to be found.
        patience: Epochs without a lower held-out loss after which the first fold ends, which decides the number of
            epochs for all; None where the config has it.
        folds: Number of folds.
        seeds: Number of times that all folds are trained, each with other folds and other first weights.
        groups: int64 ``(sample,)``, samples that stay together in a fold, or None.
        store: Where the folds of a run are kept; None for data without a run, whose folds are in the user's cache.
        recipe: Name of the recipe that model and settings are from; None if they are a run's.
    """

    data: Dataset = field(repr=False)
    ids: SampleIds
    spec: Mapping[str, Any] = field(repr=False)
    config: TrainingConfig
    patience: int | None
    folds: int
    seeds: int
    groups: np.ndarray | None = field(repr=False)
    store: FoldStore | None = field(repr=False)
    recipe: str | None = None

    @property
    def key(self) -> str:
        """A digest of everything that decides the result of one fold of one seed."""
        digest = hashlib.sha256(self.ids.source_index.tobytes() + self.ids.index.tobytes())
        settings = [METHOD, self.data.sha256, self.spec, self.config.model_dump(), self.patience, self.folds]
        digest.update(json.dumps(settings, sort_keys=True).encode())
        if self.groups is not None:
            digest.update(self.groups.tobytes())
        return digest.hexdigest()[:16]


def of_run(context: RunContext, sizes: LabelIssuesOptions) -> CrossValidation:
    """Cross-validation with the model and the settings of a run, and as many epochs as it kept."""
    data, whole = context.data, context.named(context.split.part("all"))
    ids = whole.ordered()
    recipe = None
    if context.manifest.origin == "training" and context.opens:
        config, spec = recorded_config(context.manifest.config), context.spec
        kept = context.manifest.kept_epoch or config.epochs
        config = config.model_copy(update={"epochs": sizes.epochs or kept, "patience": None, "class_weight": None})
        config, patience = TrainingConfig.model_validate(config.model_dump()), None
    else:
        spec, config, patience, recipe = _default(data, ids, sizes)
    groups = _groups(context.loaded, data, ids)
    store = FoldStore(context.path)
    return CrossValidation(data, ids, spec, config, patience, sizes.folds, sizes.seeds, groups, store, recipe)


def of_data(given: Dataset | Table, sizes: LabelIssuesOptions, *, on_progress: ProgressCallback) -> CrossValidation:
    """Cross-validation with the default model for some data."""
    ids = dataclasses.replace(all_ids(given), naming=given.naming)
    # what a preparation learns has nothing to do with labels, so it may be fitted on all samples
    data = given.prepare(_everything(ids), on_progress=on_progress) if isinstance(given, Table) else given
    spec, config, patience, recipe = _default(data, ids, sizes)
    groups = _groups(given, data, ids)
    return CrossValidation(data, ids, spec, config, patience, sizes.folds, sizes.seeds, groups, None, recipe)


def _default(
    data: Dataset, ids: SampleIds, sizes: LabelIssuesOptions
) -> tuple[Mapping[str, Any], Any, int | None, str]:
    """Specification, config, patience and name of the default recipe for some data."""
    settings: dict[str, Any] = {} if sizes.epochs is None else {"epochs": sizes.epochs}
    planned = plan(
        data, divide=(_everything(ids), data), samples=len(ids) * (sizes.folds - 1) // sizes.folds, **settings
    )
    patience, recipe = None if sizes.epochs is not None else planned.config.patience, planned.recipe
    assert recipe is not None
    spec = _standardizing(planned.spec, data, ids)
    return spec, planned.config.model_copy(update={"patience": None}), patience, recipe


def _everything(ids: SampleIds) -> Split:
    nothing = ids.take(slice(0))
    return Split(train=ids, val=nothing, test=nothing, validation=0.25, seed=0)


def _standardizing(spec: dict[str, Any], data: Dataset, ids: SampleIds) -> dict[str, Any]:
    """The specification with a first layer that standardizes arrays, as a preparation does columns; images are not.

    As in `of_data`, what it learns of the inputs has nothing to do with labels.
    """
    from cutaway.models import short_floats

    if data.image is not None or data.preparation is not None or data.features > WIDEST:
        return spec
    most = max(2, min(STANDARDIZED, STANDARDIZED_VALUES // data.features))
    x = data.inputs(ids.take(slice(0, None, -(-len(ids) // most)))).astype(np.float64)
    changes = x.min(axis=0) < x.max(axis=0)  # dividing by the spread of a constant would blow up its rounding error
    variance = np.where(changes, np.minimum(x.var(axis=0), np.finfo(np.float32).max), 1.0)
    config = {"axis": [-1], "invert": False, "mean": short_floats(x.mean(axis=0)), "variance": short_floats(variance)}
    entry, (first, *others) = spec["input"]["name"], spec["layers"]
    layer = {"kind": "Normalization", "name": "standardized", "inputs": [entry], "config": config}
    return spec | {"layers": [layer, first | {"inputs": [layer["name"]]}, *others]}


def _groups(loaded: Dataset | Table, data: Dataset, ids: SampleIds) -> np.ndarray | None:
    """The group of each sample, int64 ``(sample,)``; None where each sample is its own.

    Where a column says which samples belong together it is this, and samples of "test" are their own groups. Otherwise
    equal samples are one group: a model would know the label of a sample from a copy that it was trained on.
    """
    column = loaded.extras["train"].get("group") if isinstance(loaded, Table) else None
    if column is None:
        first = cached("equal", data.sha256, ids.source_index, ids.index, method=1).get(
            lambda: first_equal(row_keys(data.rows(ids)))
        )
        return None if (first == np.arange(len(ids))).all() else first
    first = int(column.max(initial=0)) + 1
    groups = first + np.arange(len(ids))
    train = ids.source_index == ids.sources.index("train")
    groups[train] = column[ids.index[train]]
    return groups
