"""Interpret: what the layers and units of a model compute, and why it predicts what it predicts.

In come a built model, the weights of a snapshot if not its own, and raw rows of data; out go arrays and records. The
model is never changed, and nothing is stored: 70,000 samples pass through a small model in under a second. May call
neighbors, models, parallel, progress and errors. Loads Keras.
"""

from .ablation import Ablation, ablate
from .activations import activations
from .attribution import Attribution, attribute, input_attribution
from .health import LayerHealth, gradient_sizes, layer_health, update_sizes
from .history import LayerMeasures, layer_history
from .importance import Importance, permutation_importance
from .influence import MOST_ANSWERS, Objective, TrainingSamples, influences, self_influences
from .layers import LayerRecord, WeightRecord, layer_records, measured_layers
from .lookup import default_layer, find_layer
from .similarity.epochs import ModelSimilarity, compare_epochs, compare_models, layer_pairs
from .similarity.matching import UnitMatching, match_units
from .units import UnitMeasures, constant_units, incoming_pictures, unit_measures

__all__ = [
    "MOST_ANSWERS",
    "Ablation",
    "Attribution",
    "Importance",
    "LayerHealth",
    "LayerMeasures",
    "LayerRecord",
    "ModelSimilarity",
    "Objective",
    "TrainingSamples",
    "UnitMatching",
    "UnitMeasures",
    "WeightRecord",
    "ablate",
    "activations",
    "attribute",
    "compare_epochs",
    "compare_models",
    "constant_units",
    "default_layer",
    "find_layer",
    "gradient_sizes",
    "incoming_pictures",
    "influences",
    "input_attribution",
    "layer_health",
    "layer_history",
    "layer_pairs",
    "layer_records",
    "match_units",
    "measured_layers",
    "permutation_importance",
    "self_influences",
    "unit_measures",
    "update_sizes",
]
