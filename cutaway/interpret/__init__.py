"""Inside: what the layers of a model compute and hold.

In come a built model with the weights of some snapshot and raw rows of data; out go activations as arrays and a record
for each layer. Nothing is stored: 70,000 samples pass through a small model in under a second. May call
neighbors, runs, models, data, metrics, parallel, errors and progress.
"""

from .activations import activations, default_layer
from .layers import LayerRecord, WeightRecord, layer_records

__all__ = ["LayerRecord", "WeightRecord", "activations", "default_layer", "layer_records"]
