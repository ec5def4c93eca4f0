"""How decisions on labels are applied to a dataset and its split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cutaway.checks import meant, warn_user
from cutaway.data.dataset import Dataset, Source
from cutaway.data.sample_names import find_sample
from cutaway.data.samples import SampleIds
from cutaway.data.split import Split, join_ids
from cutaway.data.splitting import split_dataset
from cutaway.data.tables import Table
from cutaway.errors import DataError
from cutaway.progress import ProgressCallback, ignore_progress

from .record import Decision


@dataclass(frozen=True)
class Decided:
    """Decisions on samples of one dataset, as they are applied.

    Attributes:
        relabeled: New class names by the place of the sample, such as ``{"test[947]": "4"}``.
        dropped: The samples that are left out of every split.
    """

    relabeled: Mapping[str, str]
    dropped: SampleIds


def split_and_prepare(
    data: Dataset | Table,
    *,
    validation: float = 0.25,
    seed: int = 0,
    decided: Decided | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Split, Dataset]:
    """Split samples, and prepare them if they are a table.

    Args:
        data: A dataset, which is split by class; or a table, which is split as its options say.
        validation: Share of the training samples that becomes val, between 0 and 1.
        seed: Random seed of the split.
        decided: Decisions on labels. The split is made with the labels as given, so runs with and without
            decisions can be compared.
        on_progress: Told while a table is read.

    Raises:
        ConfigError, DataError: See `split_dataset`, `Table.prepare` and `drop`.
    """
    split = split_dataset(data, validation=validation, seed=seed)
    if decided is not None:
        data, split = relabel(data, decided.relabeled), drop(split, decided.dropped)
    return split, data.prepare(split, on_progress=on_progress) if isinstance(data, Table) else data


def decide(data: Dataset | Table, decisions: Sequence[Decision]) -> Decided:
    """Find the samples and the classes that decisions name; the last decision on a sample counts.

    A decision that says something else than an earlier one is a change of mind if it has a later time; if it has not,
    `CutawayWarning` says which one counts.

    Raises:
        UnknownNameError: There is no such sample.
        DataError: There is no such class; a decision that a later one overrides may have one.
    """
    sources = tuple(data.labels)
    sizes = {name: len(labels) for name, labels in data.labels.items()}
    last: dict[tuple[int, int], Decision] = {}
    contradicted: list[Decision] = []
    for each in decisions:
        ids = find_sample(each.sample, sizes, loaded=data)
        key = int(ids.source_index[0]), int(ids.index[0])
        before = last.get(key, each)
        if (before.action, before.label) != (each.action, each.label) and (not each.when or each.when < before.when):
            contradicted.append(each)
        last[key] = each
    for each in last.values():  # what a later decision overrides may be of a class that there is not
        _check_label(each, data)
    if contradicted:
        _warn_of(contradicted)
    places = np.array(sorted(last), np.int64).reshape(-1, 2)
    ids = SampleIds(sources, places[:, 0].astype(np.uint8), places[:, 1].copy())
    chosen = [last[int(source), int(row)] for source, row in places]
    dropped = np.array([each.action == "drop" for each in chosen], bool)
    named = zip(ids.places(), chosen, strict=True)
    return Decided({place: each.label for place, each in named if each.label is not None}, ids.take(dropped))


def _check_label(decision: Decision, data: Dataset | Table) -> None:
    label = decision.label
    if label is not None and label not in data.class_names:
        raise DataError(
            f'the new label "{label}" for {decision.sample} is not one of the {data.classes} classes of {data.name}',
            hint=meant(label, data.class_names, f"for example {data.class_names[0]}"),
        )


def _warn_of(contradicted: Sequence[Decision]) -> None:
    first, count = contradicted[0], len(contradicted)
    contradict = "decision contradicts an earlier one" if count == 1 else "decisions contradict earlier ones"
    counts = f"{first.action} to {first.label}" if first.label else first.action
    warn_user(f"{count:,} {contradict} on the same sample; the last one counts, for {first.sample} {counts}")


def relabel(data: Dataset | Table, labels: Mapping[str, str]) -> Dataset | Table:
    """The same data with other labels for some samples.

    Args:
        data: A dataset or a table; it is not changed.
        labels: New class names by the place of the sample.

    Raises:
        UnknownNameError: There is no such sample.
        DataError: There is no such class.
    """
    if not labels:
        return data
    numbers = {name: number for number, name in enumerate(data.class_names)}
    changed = {name: held.copy() for name, held in data.labels.items()}
    sources, sizes = tuple(changed), {name: len(held) for name, held in changed.items()}
    for place, label in labels.items():
        ids = find_sample(place, sizes, loaded=data)
        if label not in numbers:
            raise DataError(
                f'the new label "{label}" for {place} is not one of the classes', hint="use the data of the run"
            )
        changed[sources[int(ids.source_index[0])]][ids.index[0]] = numbers[label]
    for held in changed.values():
        held.flags.writeable = False
    merged = {**data.relabeled, **labels}
    if isinstance(data, Table):
        return replace(data, labels=changed, relabeled=merged)
    sources = {name: Source(held.x, changed[name]) for name, held in data.sources.items()}
    return replace(data, sources=sources, relabeled=merged)


def drop(split: Split, dropped: SampleIds) -> Split:
    """The same split without some samples, which are then in none of its parts; those dropped before stay dropped.

    Raises:
        DataError: Nothing is left of the training or validation samples.
    """
    if not len(dropped):
        return split
    parts = {name: split.part(name) for name in ("train", "val", "test")}
    kept = {name: ids.take(~ids.isin(dropped)) for name, ids in parts.items()}
    for name in ("train", "val"):
        if not len(kept[name]):
            raise DataError(f'the decisions on labels leave no sample in the split "{name}"', hint="drop fewer")
    before = dropped.take(slice(0)) if split.dropped is None else split.dropped
    return replace(split, **kept, dropped=join_ids([before, dropped.take(~dropped.isin(before))]))
