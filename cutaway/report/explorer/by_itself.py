"""The explorer of a run by itself, for a notebook."""

from cutaway.context import RunContext
from cutaway.errors import Hint, UsageError
from cutaway.page import Explorer
from cutaway.progress import ProgressCallback
from cutaway.report.progress import ReportProgress
from cutaway.topics.common.options import FEWEST, MapOptions
from cutaway.topics.common.source import ReportSource

from .section import explore, note_left_out, shown_maps


def run_explorer(context: RunContext, options: MapOptions, *, on_progress: ProgressCallback) -> Explorer:
    """All samples of a split in every layer and after some epochs; see `cutaway.Run.explore`."""
    context.spec  # noqa: B018 - says why a run holds no model
    if options.split is not None:
        context.part(options.split)
    progress = ReportProgress(on_progress, [explore.__name__])
    source = ReportSource(context, progress.inner, options)
    note_left_out(source)
    layers, shown = shown_maps(source)
    progress.expect(1 + (len(layers) - 1) * len(shown))
    progress.begin(explore.__name__)
    record = explore(source)
    if record is None:
        raise UsageError(
            f"a map needs at least {FEWEST} samples, and the split has {len(source.shown) if len(source.ids) else 0}",
            hint=Hint('choose {} or "all"', split="train"),
        )
    progress.end()
    return record
