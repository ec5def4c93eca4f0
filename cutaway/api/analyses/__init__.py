"""Analyses of a run, each a function from a `RunContext` to a record that the user holds.

In comes a `RunContext` and what the user asked for; out come arrays, or records with ``to_pandas`` and a
``repr`` of one telling line. May call every room below `api`, and `cutaway.api.context`; never the report, `Run` or
`train`.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .evidence import evidence_of, findings
    from .explanation import Explanation, explain
    from .history import History, epochs_in_words
    from .importances import Importances, importance
    from .layers import LayerHistory, Layers, evenly_spaced, layer_history, layer_records, similarity
    from .layouts.embedding import Embedding, layer_activations
    from .layouts.embeddings import embed_layer, kept_embedding
    from .layouts.sequence import EmbeddingSequence
    from .layouts.sequences import embed_epochs, embed_layers
    from .per_class import ClassMeasures, class_measures
    from .predictions import Mistakes, confusion, labels, mistakes, predict_classes, probabilities
    from .samples.dynamics import SampleDynamics, sample_dynamics
    from .samples.influences import Answers, Influences, influence, self_influence
    from .unit_summaries import SORTS, Units, check_sort, cost_in_digits, defined, units

# Each analysis loads only the rooms that it needs.
_MODULES = {
    "Answers": "cutaway.api.analyses.samples.influences",
    "ClassMeasures": "cutaway.api.analyses.per_class",
    "Embedding": "cutaway.api.analyses.layouts.embedding",
    "EmbeddingSequence": "cutaway.api.analyses.layouts.sequence",
    "Explanation": "cutaway.api.analyses.explanation",
    "History": "cutaway.api.analyses.history",
    "Influences": "cutaway.api.analyses.samples.influences",
    "Importances": "cutaway.api.analyses.importances",
    "LayerHistory": "cutaway.api.analyses.layers",
    "Layers": "cutaway.api.analyses.layers",
    "Mistakes": "cutaway.api.analyses.predictions",
    "SORTS": "cutaway.api.analyses.unit_summaries",
    "SampleDynamics": "cutaway.api.analyses.samples.dynamics",
    "Units": "cutaway.api.analyses.unit_summaries",
    "check_sort": "cutaway.api.analyses.unit_summaries",
    "class_measures": "cutaway.api.analyses.per_class",
    "cost_in_digits": "cutaway.api.analyses.unit_summaries",
    "confusion": "cutaway.api.analyses.predictions",
    "defined": "cutaway.api.analyses.unit_summaries",
    "embed_epochs": "cutaway.api.analyses.layouts.sequences",
    "embed_layer": "cutaway.api.analyses.layouts.embeddings",
    "embed_layers": "cutaway.api.analyses.layouts.sequences",
    "epochs_in_words": "cutaway.api.analyses.history",
    "evenly_spaced": "cutaway.api.analyses.layers",
    "evidence_of": "cutaway.api.analyses.evidence",
    "explain": "cutaway.api.analyses.explanation",
    "findings": "cutaway.api.analyses.evidence",
    "importance": "cutaway.api.analyses.importances",
    "influence": "cutaway.api.analyses.samples.influences",
    "kept_embedding": "cutaway.api.analyses.layouts.embeddings",
    "labels": "cutaway.api.analyses.predictions",
    "layer_activations": "cutaway.api.analyses.layouts.embedding",
    "layer_history": "cutaway.api.analyses.layers",
    "layer_records": "cutaway.api.analyses.layers",
    "mistakes": "cutaway.api.analyses.predictions",
    "predict_classes": "cutaway.api.analyses.predictions",
    "probabilities": "cutaway.api.analyses.predictions",
    "self_influence": "cutaway.api.analyses.samples.influences",
    "sample_dynamics": "cutaway.api.analyses.samples.dynamics",
    "similarity": "cutaway.api.analyses.layers",
    "units": "cutaway.api.analyses.unit_summaries",
}

__all__ = [
    "SORTS",
    "Answers",
    "ClassMeasures",
    "Embedding",
    "EmbeddingSequence",
    "Explanation",
    "History",
    "Importances",
    "Influences",
    "LayerHistory",
    "Layers",
    "Mistakes",
    "SampleDynamics",
    "Units",
    "check_sort",
    "class_measures",
    "confusion",
    "cost_in_digits",
    "defined",
    "embed_epochs",
    "embed_layer",
    "embed_layers",
    "epochs_in_words",
    "evenly_spaced",
    "evidence_of",
    "explain",
    "findings",
    "importance",
    "influence",
    "kept_embedding",
    "labels",
    "layer_activations",
    "layer_history",
    "layer_records",
    "mistakes",
    "predict_classes",
    "probabilities",
    "sample_dynamics",
    "self_influence",
    "similarity",
    "units",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
