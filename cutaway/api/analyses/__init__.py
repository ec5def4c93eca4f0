"""Analyses of a run, each a function from a `RunContext` to a record that the user holds.

In comes a `RunContext` and what the user asked for; out come arrays, or records with ``to_pandas`` and a
``repr`` of one telling line. May call every room below `api`, and `cutaway.api.context`; never the report, `Run` or
`train`.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .before_training import data_findings
    from .confidence.calibration import Calibration, calibration, reliability_panel
    from .confidence.coverage import Coverage, WantedAccuracy, coverage
    from .confidence.document import confidence_document
    from .confidence.pairs import ConfusedPair, ConfusedPairs, confused_pairs
    from .confidence.temperature import find_temperature, fitted_temperature
    from .confidence.thresholds import Thresholds, thresholds
    from .epochs import evenly_spaced, spaced_epochs
    from .evidence import evidence_of, findings, kept_findings
    from .explanation import Explanation, explain
    from .facts import repeated_facts, sample_facts
    from .history import History, epochs_in_words
    from .importances import Importances, importance
    from .json_data import plain
    from .layers import LayerHistory, Layers, layer_history, layer_records, sample_room, similarity
    from .layouts.activations import layer_activations
    from .layouts.embedding import Embedding
    from .layouts.embeddings import embed_layer, kept_embedding
    from .layouts.sequence import EmbeddingSequence
    from .layouts.sequences import embed_epochs, embed_layers
    from .learning.document import learning_curve_document
    from .learning.gap import EarlyStopping, Generalization, generalization
    from .learning.learning_curve import CurvePoint, LearningCurve, learning_curve
    from .learning.memorization import Memorization, memorization
    from .pairing import PairedSamples, pair_samples
    from .per_class import ClassMeasures, class_measures
    from .predictions import (
        Mistakes,
        confusion,
        labels,
        mistakes,
        predict_classes,
        probabilities,
        probability_batches,
    )
    from .results.confusion_matrix import Confusion
    from .results.film import Film
    from .results.finding_list import Findings, draw_findings, findings_html, findings_table
    from .results.similarity_matrix import Similarity
    from .results.unit import Unit
    from .robustness import Robustness, measure_robustness
    from .samples.dynamics import SampleDynamics, sample_dynamics
    from .samples.influences import Answers, Influences, influence, self_influence
    from .unit_summaries import SORTS, Units, check_sort, cost_in_digits, defined, units

# Each analysis loads only the rooms that it needs.
_MODULES = {
    "data_findings": "cutaway.api.analyses.before_training",
    "Calibration": "cutaway.api.analyses.confidence.calibration",
    "Answers": "cutaway.api.analyses.samples.influences",
    "ClassMeasures": "cutaway.api.analyses.per_class",
    "Confusion": "cutaway.api.analyses.results.confusion_matrix",
    "Film": "cutaway.api.analyses.results.film",
    "Findings": "cutaway.api.analyses.results.finding_list",
    "Similarity": "cutaway.api.analyses.results.similarity_matrix",
    "Unit": "cutaway.api.analyses.results.unit",
    "draw_findings": "cutaway.api.analyses.results.finding_list",
    "findings_html": "cutaway.api.analyses.results.finding_list",
    "findings_table": "cutaway.api.analyses.results.finding_list",
    "ConfusedPair": "cutaway.api.analyses.confidence.pairs",
    "ConfusedPairs": "cutaway.api.analyses.confidence.pairs",
    "Coverage": "cutaway.api.analyses.confidence.coverage",
    "CurvePoint": "cutaway.api.analyses.learning.learning_curve",
    "EarlyStopping": "cutaway.api.analyses.learning.gap",
    "Embedding": "cutaway.api.analyses.layouts.embedding",
    "EmbeddingSequence": "cutaway.api.analyses.layouts.sequence",
    "Explanation": "cutaway.api.analyses.explanation",
    "Generalization": "cutaway.api.analyses.learning.gap",
    "History": "cutaway.api.analyses.history",
    "Influences": "cutaway.api.analyses.samples.influences",
    "Importances": "cutaway.api.analyses.importances",
    "LayerHistory": "cutaway.api.analyses.layers",
    "Layers": "cutaway.api.analyses.layers",
    "LearningCurve": "cutaway.api.analyses.learning.learning_curve",
    "Memorization": "cutaway.api.analyses.learning.memorization",
    "Mistakes": "cutaway.api.analyses.predictions",
    "PairedSamples": "cutaway.api.analyses.pairing",
    "Robustness": "cutaway.api.analyses.robustness",
    "SORTS": "cutaway.api.analyses.unit_summaries",
    "Thresholds": "cutaway.api.analyses.confidence.thresholds",
    "SampleDynamics": "cutaway.api.analyses.samples.dynamics",
    "Units": "cutaway.api.analyses.unit_summaries",
    "WantedAccuracy": "cutaway.api.analyses.confidence.coverage",
    "calibration": "cutaway.api.analyses.confidence.calibration",
    "reliability_panel": "cutaway.api.analyses.confidence.calibration",
    "check_sort": "cutaway.api.analyses.unit_summaries",
    "class_measures": "cutaway.api.analyses.per_class",
    "confidence_document": "cutaway.api.analyses.confidence.document",
    "confused_pairs": "cutaway.api.analyses.confidence.pairs",
    "confusion": "cutaway.api.analyses.predictions",
    "cost_in_digits": "cutaway.api.analyses.unit_summaries",
    "coverage": "cutaway.api.analyses.confidence.coverage",
    "defined": "cutaway.api.analyses.unit_summaries",
    "embed_epochs": "cutaway.api.analyses.layouts.sequences",
    "embed_layer": "cutaway.api.analyses.layouts.embeddings",
    "embed_layers": "cutaway.api.analyses.layouts.sequences",
    "epochs_in_words": "cutaway.api.analyses.history",
    "evenly_spaced": "cutaway.api.analyses.epochs",
    "evidence_of": "cutaway.api.analyses.evidence",
    "repeated_facts": "cutaway.api.analyses.facts",
    "sample_facts": "cutaway.api.analyses.facts",
    "explain": "cutaway.api.analyses.explanation",
    "find_temperature": "cutaway.api.analyses.confidence.temperature",
    "findings": "cutaway.api.analyses.evidence",
    "kept_findings": "cutaway.api.analyses.evidence",
    "fitted_temperature": "cutaway.api.analyses.confidence.temperature",
    "generalization": "cutaway.api.analyses.learning.gap",
    "importance": "cutaway.api.analyses.importances",
    "influence": "cutaway.api.analyses.samples.influences",
    "kept_embedding": "cutaway.api.analyses.layouts.embeddings",
    "labels": "cutaway.api.analyses.predictions",
    "layer_activations": "cutaway.api.analyses.layouts.activations",
    "layer_history": "cutaway.api.analyses.layers",
    "layer_records": "cutaway.api.analyses.layers",
    "learning_curve": "cutaway.api.analyses.learning.learning_curve",
    "learning_curve_document": "cutaway.api.analyses.learning.document",
    "measure_robustness": "cutaway.api.analyses.robustness",
    "memorization": "cutaway.api.analyses.learning.memorization",
    "mistakes": "cutaway.api.analyses.predictions",
    "pair_samples": "cutaway.api.analyses.pairing",
    "plain": "cutaway.api.analyses.json_data",
    "predict_classes": "cutaway.api.analyses.predictions",
    "probabilities": "cutaway.api.analyses.predictions",
    "probability_batches": "cutaway.api.analyses.predictions",
    "sample_room": "cutaway.api.analyses.layers",
    "self_influence": "cutaway.api.analyses.samples.influences",
    "sample_dynamics": "cutaway.api.analyses.samples.dynamics",
    "similarity": "cutaway.api.analyses.layers",
    "spaced_epochs": "cutaway.api.analyses.epochs",
    "thresholds": "cutaway.api.analyses.confidence.thresholds",
    "units": "cutaway.api.analyses.unit_summaries",
}

__all__ = [
    "SORTS",
    "Answers",
    "Calibration",
    "ClassMeasures",
    "ConfusedPair",
    "ConfusedPairs",
    "Confusion",
    "Coverage",
    "CurvePoint",
    "EarlyStopping",
    "Embedding",
    "EmbeddingSequence",
    "Explanation",
    "Film",
    "Findings",
    "Generalization",
    "History",
    "Importances",
    "Influences",
    "LayerHistory",
    "Layers",
    "LearningCurve",
    "Memorization",
    "Mistakes",
    "PairedSamples",
    "Robustness",
    "SampleDynamics",
    "Similarity",
    "Thresholds",
    "Unit",
    "Units",
    "WantedAccuracy",
    "calibration",
    "check_sort",
    "class_measures",
    "confidence_document",
    "confused_pairs",
    "confusion",
    "cost_in_digits",
    "coverage",
    "data_findings",
    "defined",
    "draw_findings",
    "embed_epochs",
    "embed_layer",
    "embed_layers",
    "epochs_in_words",
    "evenly_spaced",
    "evidence_of",
    "explain",
    "find_temperature",
    "findings",
    "findings_html",
    "findings_table",
    "fitted_temperature",
    "generalization",
    "importance",
    "influence",
    "kept_embedding",
    "kept_findings",
    "labels",
    "layer_activations",
    "layer_history",
    "layer_records",
    "learning_curve",
    "learning_curve_document",
    "measure_robustness",
    "memorization",
    "mistakes",
    "pair_samples",
    "plain",
    "predict_classes",
    "probabilities",
    "probability_batches",
    "reliability_panel",
    "repeated_facts",
    "sample_dynamics",
    "sample_facts",
    "sample_room",
    "self_influence",
    "similarity",
    "spaced_epochs",
    "thresholds",
    "units",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
