"""From a run to its layers through training, the cards of a layer's units, and one sample's way through."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import SampleIds
from cutaway.embedding import choose_samples
from cutaway.errors import UnknownNameError, UsageError
from cutaway.progress import Report, silent

if TYPE_CHECKING:
    import pandas

    from cutaway.inside.ablation import Ablation
    from cutaway.inside.history import LayerMeasures
    from cutaway.inside.trace import Trace
    from cutaway.inside.units import UnitMeasures

    from .run import Run

SAMPLES = 10_000
"""Samples that a layer history measures at most; their activations are held for three snapshots at a time."""

SORTS = ("unit", "removal", "selectivity", "similarity", "mean", "firing")
"""What units can be sorted by: by number, or the largest first."""


@dataclass(frozen=True, eq=False)
class LayerHistory:
    """What each layer was like after each epoch.

    Attributes:
        records: One for each epoch and layer, epoch by epoch, layers in the order of the net.
        split: Whose samples were measured.
        k: Neighbours that voted.
    """

    records: "tuple[LayerMeasures, ...]" = field(repr=False)
    split: str
    k: int

    def frame(self) -> "pandas.DataFrame":
        """All measures as a pandas DataFrame, one row for each epoch and layer; NaN where one is not defined."""
        import pandas

        rows = [{key: value for key, value in asdict(r).items() if key != "cka_layers"} for r in self.records]
        texts = ("epoch", "layer", "units", "samples")
        return pandas.DataFrame(rows).astype({key: float for key in rows[0] if key not in texts})

    def cka(self, epoch: int = -1) -> "pandas.DataFrame":
        """Linear CKA between layers after an epoch, a pandas DataFrame (layer, layer); 1 on its diagonal.

        Raises:
            UnknownNameError: The history has no such epoch.
        """
        import pandas

        epochs = list(dict.fromkeys(record.epoch for record in self.records))
        epoch = epochs[-1] if epoch == -1 else epoch
        if epoch not in epochs:
            known = ", ".join(map(str, epochs))
            raise UnknownNameError(f"epochs of this history are {known}", came=str(epoch), fix="name one of these")
        found = {r.layer: {**r.cka_layers, r.layer: 1.0} for r in self.records if r.epoch == epoch}
        names = list(found)
        return pandas.DataFrame([[found[a][b] for b in names] for a in names], index=names, columns=names, dtype=float)


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
        dead: bool ``(unit,)``, the same output for every sample of the whole dataset, training samples included.
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
    dead: np.ndarray = field(repr=False)
    pictures: np.ndarray | None = field(repr=False)

    def __len__(self) -> int:
        return len(self.dead)

    def order(self, sort: str = "unit") -> list[int]:
        """Numbers of the units, sorted by one of `SORTS`: the largest first, equal ones and what has none by number.

        Raises:
            UnknownNameError: ``sort`` is none of these.
        """
        if sort not in SORTS:
            raise UnknownNameError(f"units are sorted by {', '.join(SORTS)}", came=f'"{sort}"', fix='try "removal"')
        if sort == "unit":
            return list(range(len(self)))
        values = self.ablation.cost if sort == "removal" else getattr(self.measures, sort)
        return np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable").tolist()

    def card(self, unit: int) -> dict[str, Any]:
        """Everything about a unit, JSON-able: None where something is not defined.

        Returns:
            unit, mean, firing, dead, favourite (class), selectivity, similar (unit), similarity, removal (accuracy lost
            without it), hurts (the class that loses most; None if none does), hurts_cost (accuracy lost within it),
            class_mean (by class), exciting (list of sample and activation, strongest first).

        Raises:
            UnknownNameError: There is no such unit.
        """
        if not 0 <= unit < len(self):
            rule = f'units of "{self.layer}" are 0 to {len(self) - 1}'
            raise UnknownNameError(rule, came=str(unit), fix="name one of these")
        m, losses = self.measures, self.ablation.class_cost[unit]
        worst = int(losses.argmax())
        return {
            "unit": unit,
            "mean": float(m.mean[unit]),
            "firing": float(m.firing[unit]),
            "dead": bool(self.dead[unit]),
            "favourite": None if m.similar[unit] < 0 and len(self) > 1 else self.class_names[m.favourite[unit]],
            "selectivity": _defined(m.selectivity[unit]),
            "similar": int(m.similar[unit]) if m.similar[unit] >= 0 else None,
            "similarity": _defined(m.similarity[unit]),
            "removal": float(self.ablation.cost[unit]),
            "hurts": self.class_names[worst] if losses[worst] > 0 else None,
            "hurts_cost": float(max(losses[worst], 0.0)),
            "class_mean": {n: _defined(v) for n, v in zip(self.class_names, m.class_mean[unit], strict=True)},
            "exciting": [
                {"sample": self.ids[int(place)], "activation": float(value)}
                for place, value in zip(m.top[unit], m.top_value[unit], strict=True)
                if place >= 0
            ],
        }

    def cards(self, sort: str = "unit") -> list[dict[str, Any]]:
        """The cards of all units, sorted as by `order`."""
        return [self.card(unit) for unit in self.order(sort)]

    def frame(self, sort: str = "unit") -> "pandas.DataFrame":
        """The cards as a pandas DataFrame, one row a unit, without class means and exciting samples."""
        import pandas

        longer = ("class_mean", "exciting")
        return pandas.DataFrame([{k: v for k, v in c.items() if k not in longer} for c in self.cards(sort)])


@dataclass(frozen=True, eq=False)
class SampleTrace:
    """One sample's way through the net of a run.

    Attributes:
        trace: Activations, logits and contributions.
        class_names: Names of the classes.
        epoch: Number of the epoch.
    """

    trace: "Trace" = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    epoch: int

    @property
    def winner(self) -> str:
        """Name of the class with the highest logit."""
        return self.class_names[self.trace.winner]

    @property
    def runner_up(self) -> str:
        """Name of the class with the next highest."""
        return self.class_names[self.trace.runner_up]

    def frame(self, layer: str | None = None) -> "pandas.DataFrame":
        """What argued for the winner (above 0, first) and for the runner-up (below 0, last), a pandas DataFrame.

        Args:
            layer: Name of a layer; None for the values of the input, in the order of the flattened sample.

        Returns:
            Columns unit and contribution, and activation for a layer.

        Raises:
            UnknownNameError: There are no contributions of that layer.
        """
        import pandas

        trace = self.trace
        if layer is not None and layer not in trace.contributions:
            known = ", ".join(trace.contributions) or "none"
            raise UnknownNameError(f"layers with contributions are {known}", came=f'"{layer}"', fix="name one of these")
        parts = trace.pixels.reshape(-1) if layer is None else trace.contributions[layer]
        columns = {"unit": np.arange(len(parts)), "contribution": parts}
        if layer is not None:
            columns["activation"] = trace.activations[layer]
        return pandas.DataFrame(columns).sort_values("contribution", ascending=False, kind="stable", ignore_index=True)


def layer_history(
    run: "Run",
    *,
    split: str = "test",
    epochs: Sequence[int] | None = None,
    samples: int = SAMPLES,
    k: int = 15,
    seed: int = 0,
    report: Report = silent,
) -> LayerHistory:
    """Measure every layer of a run after every epoch; what `Run.layer_history` calls.

    Args:
        run: The run.
        split: "train", "val", "test" or "all".
        epochs: Numbers of epochs with a snapshot; all of them if None.
        samples: Samples at most; where there are more, each class gives its share of them.
        k: Neighbours that vote, from 1.
        seed: Decides which samples are drawn.
        report: Told after every layer.

    Raises:
        UnknownNameError: There is no such split or epoch.
        UsageError: ``samples`` or ``k`` is below 1, or the split or ``epochs`` is empty.
    """
    from cutaway.inside.history import layer_history as measure

    for name, value in (("samples", samples), ("k", k)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UsageError(f"{name} is a whole number, at least 1", came=repr(value), fix=f"leave {name} out")
    folder, ids = run.folder, _part(run, split)
    wanted = sorted({folder.resolve_epoch(e) for e in (folder.epochs if epochs is None else epochs)})
    if not wanted:
        raise UsageError("a layer history needs at least one epoch", came="none", fix="leave epochs out for all")
    if len(ids) > samples:
        ids = ids.take(choose_samples(run.data.y(ids), samples, seed=seed))
    rows, labels, net = run.data.rows(ids), run.data.y(ids), run.model(epoch=wanted[-1])
    records = measure(
        net, folder.snapshot, epochs=wanted, x=rows, labels=labels, scale=run.data.scale, k=k, report=report
    )
    return LayerHistory(records, split=split, k=k)


def units(
    run: "Run", layer: str | None = None, *, split: str = "test", epoch: int = -1, report: Report = silent
) -> Units:
    """Make the cards of all units of a hidden layer; what `Run.units` calls.

    Args:
        run: The run.
        layer: Name of a hidden layer; the last one if None.
        split: Samples to measure: "train", "val", "test" or "all". Dead units are sought in all.
        epoch: Number of the epoch.
        report: Told after every batch, in samples.

    Raises:
        UnknownNameError: There is no such layer, split or epoch.
        UsageError: The layer is the output, or the split is empty.
        DataError: An activation is no finite number.
    """
    from cutaway.inside import default_layer
    from cutaway.inside.ablation import ablate
    from cutaway.inside.units import dead_units, incoming_pictures, unit_measures

    net, data, ids = run.model(epoch=epoch), run.data, _part(run, split)
    layer = layer or default_layer(net)
    inputs = {"x": data.rows(ids), "scale": data.scale, "report": report}
    marked = {**inputs, "labels": data.y(ids), "classes": data.classes}
    return Units(
        layer=layer,
        epoch=run.folder.resolve_epoch(epoch),
        split=split,
        class_names=run.class_names,
        ids=ids,
        measures=unit_measures(net, layer, **marked),
        ablation=ablate(net, layer, **marked),
        dead=dead_units(net, layer, **{**inputs, "x": data.rows(run.split.part("all"))}),
        pictures=incoming_pictures(net, layer, shape=data.shape) if data.is_image else None,
    )


def trace(run: "Run", x: Any, *, epoch: int = -1) -> SampleTrace:
    """Follow one sample through the net of a run; what `Run.trace` calls.

    Args:
        run: The run.
        x: A sample's name, such as "test[7]", or its raw values in the shape and range that the data have.
        epoch: Number of the epoch.

    Raises:
        UnknownNameError: There is no such sample or epoch.
        DataError: The sample does not fit the data.
        NetError: The net is none of ReLUs.
    """
    from cutaway.inside.trace import trace_sample

    row = run.data.x(_named(run, x))[0] if isinstance(x, str) else np.asarray(x)
    found = trace_sample(run.model(epoch=epoch), row, scale=run.data.scale)
    return SampleTrace(found, class_names=run.class_names, epoch=run.folder.resolve_epoch(epoch))


def _part(run: "Run", split: str) -> SampleIds:
    ids = run.split.part(split)
    if not len(ids):
        raise UsageError("layers are measured on at least one sample", came=f'an empty split "{split}"', fix="try all")
    return ids


def _named(run: "Run", name: str) -> SampleIds:
    sources = run.split.test.sources
    match = re.fullmatch(r"(.+)\[(\d{1,18})\]", name)
    if not match or match[1] not in sources:
        examples = ", ".join(f"{source}[0]" for source in sources)
        raise UnknownNameError(f"samples are named {examples} and so on", came=f'"{name}"', fix="name one of these")
    return SampleIds(sources, np.array([sources.index(match[1])], np.uint8), np.array([int(match[2])], np.int64))


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
