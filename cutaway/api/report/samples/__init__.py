"""The sections on single samples: confident mistakes, suspect labels, hard training samples, and what led to mistakes.

In comes a `ReportSource`; out come sections of cards for the page. May call what `cutaway.api.report` may call.
"""

from .sample_values import values_of
from .suspects import suspects
from .training_samples import hardest, influence
from .wrong_samples import mistakes, shown_samples

__all__ = ["hardest", "influence", "mistakes", "shown_samples", "suspects", "values_of"]
