"""The section on wrong predictions: the most confident ones."""

import numpy as np

from cutaway.data import SampleIds
from cutaway.findings import SUSPECT
from cutaway.page import Section, Text
from cutaway.topics.common.shown import sample_section
from cutaway.topics.common.source import ReportSource
from cutaway.topics.labels.section import suspects_of

from .result import mistakes as worst_mistakes


def mistakes(source: ReportSource) -> Section | None:
    """The most confident wrong predictions; None without held-out samples."""
    if not len(source.ids):
        return None
    name, title = "mistakes", "The most confident mistakes"
    found = worst_mistakes(source.context, split=source.split, predicted=source.predicted)
    if not len(found):
        return Text(name=name, title=title, paragraphs=(f"All {source.kind} samples are predicted correctly.",))
    suspect = _suspect(source, found.ids)
    return sample_section(
        source.context,
        name,
        title,
        found,
        found.table(),
        lead=f"The highest probability first. {_about_labels(source)}",
        subtitle="{Label} → {Predicted}",
        more={"Suspect": ["label is suspect" if each else "" for each in suspect]} if any(suspect) else {},
    )


def _suspect(source: ReportSource, ids: SampleIds) -> list[bool]:
    """Whether the label of each sample is suspect; none if nobody looked for suspects."""
    found = suspects_of(source)
    if found is None:
        return [False] * len(ids)
    places = ids.positions_in(found.all_ids)
    return ((places >= 0) & (found.all_scores[places] > SUSPECT)).tolist()


def _about_labels(source: ReportSource) -> str:
    """What the labels of mistakes have to do with them."""
    right, largest = source.predicted.predicted == source.labels, np.bincount(source.labels).max()
    if right.sum() <= largest:
        return "The model is right no more often than always predicting the largest class, so its mistakes say little."
    if suspects_of(source) is None:
        return "Some of these labels may be wrong."
    return "Where the label is suspect, models that were not trained on the sample prefer another class as well."
