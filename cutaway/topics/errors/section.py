"""The section on the errors of predicted numbers."""

from cutaway.page import Section
from cutaway.topics.common.sections import result_section
from cutaway.topics.common.source import ReportSource

from .errors import errors as measured
from .options import ErrorsOptions


def errors(source: ReportSource) -> Section | None:
    """How large errors are, by prediction and by column; None of classes, or without held-out samples."""
    if not source.context.task.is_numbers or not len(source.ids):
        return None
    found = measured(source.context, ErrorsOptions(split=source.split), on_progress=source.on_progress)
    caption = f"Each point is one of {found.of_samples}. On the dashed line a prediction is right."
    return result_section("errors", "Errors", found, tables=None, figure=caption, heading="Predicted and true")
