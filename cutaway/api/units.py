"""From a run to the cards of a layer's units."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import SampleIds
from cutaway.errors import UnknownNameError
from cutaway.progress import ProgressCallback, ignore_progress

from .layers import stratified_subset

if TYPE_CHECKING:
    import pandas

    from cutaway.interpret.ablation import Ablation
    from cutaway.interpret.units import UnitMeasures

    from .run import Run

SORTS = ("unit", "removal", "selectivity", "similarity", "mean", "firing")
"""What units can be sorted by: by number, or the largest first."""


@dataclass(frozen=True, eq=False)
class Units:
    """The cards of all units of a hidden layer.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        split: Whose samples were measured.
        class_names: Names of the classes.
        ids: Identity of each sample measured.
        measures: Activations: means, selectivity, the samples that excite most, the unit most alike.
        ablation: What the removal of each unit costs.
        constant: bool ``(unit,)``, the same output for every sample of the whole dataset, training samples included.
        pictures: float32 ``(unit, *shape of a sample)``, incoming weights; None for deeper layers, and where samples
            are no pictures.
    """

    layer: str
    epoch: int
    split: str
    class_names: tuple[str, ...] = field(repr=False)
    ids: SampleIds = field(repr=False)
    measures: "UnitMeasures" = field(repr=False)
    ablation: "Ablation" = field(repr=False)
    constant: np.ndarray = field(repr=False)
    pictures: np.ndarray | None = field(repr=False)

    def __len__(self) -> int:
        return len(self.constant)

    def order(self, sort: str = "unit") -> list[int]:
        """Numbers of the units, sorted by one of `SORTS`: the largest first, equal ones and what has none by number.

        Raises:
            UnknownNameError: ``sort`` is none of these.
        """
        if sort not in SORTS:
            raise UnknownNameError(f"units are sorted by {', '.join(SORTS)}", got=f'"{sort}"', hint='try "removal"')
        if sort == "unit":
            return list(range(len(self)))
        values = self.ablation.cost if sort == "removal" else getattr(self.measures, sort)
        return np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable").tolist()

    def summary_of(self, unit: int) -> dict[str, Any]:
        """Everything about a unit, JSON-able: None where something is not defined.

        Returns:
            unit, mean, firing, constant, favorite (class), selectivity, similar (unit), similarity, removal (accuracy
            lost without it), hurts (the class that loses most; None if none does), hurts_cost (accuracy lost in it),
            class_mean (by class), exciting (list of sample and activation, strongest first).

        Raises:
            UnknownNameError: There is no such unit.
        """
        if not 0 <= unit < len(self):
            rule = f'units of "{self.layer}" are 0 to {len(self) - 1}'
            raise UnknownNameError(rule, got=str(unit), hint="name one of these")
        m, losses = self.measures, self.ablation.class_cost[unit]
        worst = int(losses.argmax())
        return {
            "unit": unit,
            "mean": float(m.mean[unit]),
            "firing": float(m.firing[unit]),
            "constant": bool(self.constant[unit]),
            "favorite": None if m.top_samples[unit, 0] < 0 else self.class_names[m.preferred_class[unit]],
            "selectivity": defined(m.selectivity[unit]),
            "similar": int(m.similar[unit]) if m.similar[unit] >= 0 else None,
            "similarity": defined(m.similarity[unit]),
            "removal": float(self.ablation.cost[unit]),
            "hurts": self.class_names[worst] if losses[worst] > 0 else None,
            "hurts_cost": float(max(losses[worst], 0.0)),
            "class_mean": {n: defined(v) for n, v in zip(self.class_names, m.class_mean[unit], strict=True)},
            "exciting": [
                {"sample": self.ids[int(place)], "activation": float(value)}
                for place, value in zip(m.top_samples[unit], m.top_activations[unit], strict=True)
                if place >= 0
            ],
        }

    def summaries(self, sort: str = "unit") -> list[dict[str, Any]]:
        """The cards of all units, sorted as by `order`."""
        return [self.summary_of(unit) for unit in self.order(sort)]

    def to_pandas(self, sort: str = "unit") -> "pandas.DataFrame":
        """The cards as a pandas DataFrame, one row a unit, without class means and exciting samples."""
        import pandas

        longer = ("class_mean", "exciting")
        return pandas.DataFrame([{k: v for k, v in c.items() if k not in longer} for c in self.summaries(sort)])


def units(
    run: "Run",
    layer: str | None = None,
    *,
    split: str = "test",
    epoch: int = -1,
    samples: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Units:
    """Make the cards of all units of a hidden layer; what `Run.units` calls.

    Args:
        run: The run.
        layer: Name of a hidden layer; the last one if None.
        split: Samples to measure: "train", "val", "test" or "all". Constant units are searched for in all.
        epoch: Number of the epoch.
        samples: At most so many, drawn in equal shares from the classes; all of them if None.
        on_progress: Told after every batch, in samples.

    Raises:
        UnknownNameError: There is no such layer, split or epoch.
        UsageError: The layer is the output, or the split is empty.
        DataError: An activation is no finite number.
    """
    from cutaway.interpret import default_layer
    from cutaway.interpret.ablation import ablate
    from cutaway.interpret.units import constant_units, incoming_pictures, unit_measures

    model, data, ids = run.model(epoch=epoch), run.data, stratified_subset(run, split, samples=samples)
    layer = layer or default_layer(model)
    inputs = {"x": data.rows(ids), "scale": data.scale, "on_progress": on_progress}
    marked = {**inputs, "labels": data.y(ids), "classes": data.classes}
    return Units(
        layer=layer,
        epoch=run.folder.resolve_epoch(epoch),
        split=split,
        class_names=run.class_names,
        ids=ids,
        measures=unit_measures(model, layer, **marked),
        ablation=ablate(model, layer, **marked),
        constant=constant_units(model, layer, **{**inputs, "x": data.rows(run.split.part("all"))}),
        pictures=incoming_pictures(model, layer, shape=data.shape) if data.is_image else None,
    )


def defined(value: float) -> float | None:
    """A number, or None for NaN, which JSON does not know."""
    return None if math.isnan(value) else float(value)
