"""Two runs on the same samples: what each predicts, how sure their difference is, and how similar their layers are.

In come `PairedSamples`; out come a `Comparison`, and the CKA of all layers. May call the other modules of `analyses`.
"""

from .measuring import SAMPLES, LayerCka, compare_layers, compare_predictions, kept_layer_cka
from .result import CHANGES, Comparison, LeftOut
from .settings import SettingDifference, epochs_in_words, setting_differences

__all__ = [
    "CHANGES",
    "SAMPLES",
    "Comparison",
    "LayerCka",
    "LeftOut",
    "SettingDifference",
    "compare_layers",
    "compare_predictions",
    "epochs_in_words",
    "kept_layer_cka",
    "setting_differences",
]
