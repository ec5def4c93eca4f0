"""The section on wrong predictions: the most confident ones, or the largest errors of numbers."""

import numpy as np

from cutaway.data import SampleIds
from cutaway.findings import ISSUE_SCORE
from cutaway.page import Section, Text
from cutaway.topics.common.sections import sample_section
from cutaway.topics.common.source import ReportSource
from cutaway.topics.label_issues.section import label_issues_of

from .result import mistakes as worst_mistakes


def mistakes(source: ReportSource) -> Section | None:
    """The most confident wrong predictions, or the largest errors of numbers; None without held-out samples."""
    if not len(source.ids):
        return None
    if source.context.task.is_numbers:
        return _largest_errors(source)
    name, title = "mistakes", "The most confident mistakes"
    found = worst_mistakes(source.context, split=source.split, predicted=source.predicted)
    if not len(found):
        return Text(name=name, title=title, paragraphs=(f"All {source.kind} samples are predicted correctly.",))
    issues = _has_label_issue(source, found.ids)
    return sample_section(
        source.context,
        name,
        title,
        found,
        found.table(),
        lead=f"The highest probability first. {_about_labels(source)}",
        subtitle="{Label} → {Predicted}",
        entries=int((source.predicted.predicted != source.labels).sum()),
        more={"Label issue": ["possible" if each else "" for each in issues]} if any(issues) else {},
    )


def _largest_errors(source: ReportSource) -> Section:
    found = worst_mistakes(source.context, split=source.split)
    lead = "The largest error first, in standard deviations of its target. Some true values may be wrong."
    title, subtitle = "The largest errors", "{True} → {Predicted}"
    return sample_section(
        source.context, "mistakes", title, found, found.table(), lead=lead, subtitle=subtitle, label="True"
    )


def _has_label_issue(source: ReportSource, ids: SampleIds) -> list[bool]:
    """Whether each sample has a label issue; all False if nobody looked for label issues."""
    found = label_issues_of(source)
    if found is None:
        return [False] * len(ids)
    places = ids.positions_in(found.ids)
    return ((places >= 0) & (found.scores[places] > ISSUE_SCORE)).tolist()


def _about_labels(source: ReportSource) -> str:
    """What the labels of mistakes have to do with them."""
    right, largest = source.predicted.predicted == source.labels, np.bincount(source.labels).max()
    if right.sum() <= largest:
        return "The model is right no more often than always predicting the largest class, so its mistakes say little."
    if label_issues_of(source) is None:
        return "Some of these labels may be wrong."
    return "At a label issue, models that were not trained on the sample prefer another class as well."
