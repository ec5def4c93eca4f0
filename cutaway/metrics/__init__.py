"""Metrics: the quality of predictions, learning curves, and how samples were learned, as numbers.

In come plain arrays and rows: class numbers, probabilities, counts, the history of a training. Out come counts and
records. May call numpy, scipy, scikit-learn and `cutaway.errors`; it knows no run, no model and no figure.
"""

from .calibration import (
    ProbabilityScores,
    Reliability,
    Temperature,
    fit_temperature,
    probability_scores,
    reliability,
)
from .classification import KERAS_LEAST, classification_metrics, cross_entropies, largest_share
from .confusion import (
    Confusion,
    Mistakes,
    PredictedClasses,
    SparseCounts,
    confusion_counts,
    most_mistaken,
    top_confusions,
    worst_mistakes,
)
from .coverage import Answered, CoverageCurve, answered_at, coverage_curve
from .dynamics import DIFFICULTIES, NEVER, Dynamics, DynamicsTracker
from .intervals import (
    Interval,
    Share,
    exact_interval,
    mean_interval,
    paired_difference_interval,
    share_of,
    wilson_interval,
)
from .numbers import (
    NUMBER_MEASURES,
    conformal_radius,
    least_for_interval,
    number_intervals,
    number_metrics,
    squared_errors,
    standard_errors_apart,
)
from .overfitting import (
    OVERFITTING_EPOCHS,
    OVERFITTING_RISE,
    Overfitting,
    best_epoch,
    is_finite,
    paired_error,
    watch_overfitting,
)
from .paired import EXACT, McNemar, PairedMeasures, mcnemar, paired_measures
from .per_class import LISTED, PerClass, per_class
from .power_law import LEAST_SIZES, Forecast, PowerLaw, fit_power_law, forecast
from .probabilities import LEAST, ScoredSamples, at_temperature
from .resampling import bootstrap_interval, exchange_test, exchange_test_of
from .residuals import ErrorFacts, error_facts
from .thresholds import (
    OperatingPoint,
    PrecisionRecall,
    RocCurve,
    best_threshold,
    calibrated_threshold,
    check_cost,
    operating_point,
    precision_recall,
    roc_area,
    roc_curve,
)
from .trainings import compare_trainings
