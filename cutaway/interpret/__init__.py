"""Interpret: what the layers and units of a model compute, and why it predicts what it predicts.

In come a built model, the weights of a snapshot if not its own, and raw rows of data; out go arrays and records. The
model is never changed, and nothing is stored: 70,000 samples pass through a small model in under a second. May call
neighbors, models, parallel, progress and errors. Loads Keras.
"""

from .ablation import Ablation, ablate
from .activations import activations
from .attribution import Attribution, attribute, input_attribution
from .comparison import compare_epochs
from .history import LayerMeasures, layer_history
from .importance import Importance, permutation_importance
from .influence import MOST_ANSWERS, Objective, TrainingSamples, influences, self_influences
from .layers import LayerRecord, WeightRecord, layer_records, measured_layers
from .lookup import default_layer, find_layer
from .units import UnitMeasures, constant_units, incoming_pictures, unit_measures

__all__ = [
    "MOST_ANSWERS",
    "Ablation",
    "Attribution",
    "Importance",
    "LayerMeasures",
    "LayerRecord",
    "Objective",
    "TrainingSamples",
    "UnitMeasures",
    "WeightRecord",
    "ablate",
    "activations",
    "attribute",
    "compare_epochs",
    "constant_units",
    "default_layer",
    "find_layer",
    "incoming_pictures",
    "influences",
    "input_attribution",
    "layer_history",
    "layer_records",
    "measured_layers",
    "permutation_importance",
    "self_influences",
    "unit_measures",
]
