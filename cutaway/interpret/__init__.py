"""Interpret: what the layers and units of a model compute, and why it predicts what it predicts.

In come a built model, the weights of a snapshot if not its own, and raw rows of data; out go arrays and records. The
model is never changed, and nothing is stored: 70,000 samples pass through a small model in under a second. May call
metrics, neighbors, models, parallel, progress and errors. Keras is loaded with the first name that needs it;
records, and the outline of a specification, do not.
"""

from typing import TYPE_CHECKING

from cutaway.models import lazy_getattr_with_keras

if TYPE_CHECKING:
    from .ablation import ablate
    from .attribution import Attribution, attribute, input_attribution
    from .health import gradient_sizes, layer_health, update_sizes
    from .history import layer_history
    from .importance import Importance, PartialDependence, partial_dependence, permutation_importance
    from .influence import Objective, TrainingSamples, answers_at_once, influences
    from .layers import layer_records, measured_layers
    from .lookup import activations, default_layer, find_layer, prepared_inputs, preparing_layers
    from .matching import UnitMatching, match_units
    from .outline import Outline
    from .probes import probe_accuracy
    from .records import Ablation, LayerHealth, LayerMeasures, LayerRecord, UnitMeasures
    from .similarity import ModelSimilarity, compare_epochs, compare_models, layer_pairs
    from .units import constant_units, unit_measures

_MODULES = {
    "Ablation": "cutaway.interpret.records",
    "Attribution": "cutaway.interpret.attribution",
    "Importance": "cutaway.interpret.importance",
    "LayerHealth": "cutaway.interpret.records",
    "LayerMeasures": "cutaway.interpret.records",
    "LayerRecord": "cutaway.interpret.records",
    "ModelSimilarity": "cutaway.interpret.similarity",
    "Objective": "cutaway.interpret.influence",
    "Outline": "cutaway.interpret.outline",
    "PartialDependence": "cutaway.interpret.importance",
    "TrainingSamples": "cutaway.interpret.influence",
    "UnitMatching": "cutaway.interpret.matching",
    "UnitMeasures": "cutaway.interpret.records",
    "ablate": "cutaway.interpret.ablation",
    "activations": "cutaway.interpret.lookup",
    "answers_at_once": "cutaway.interpret.influence",
    "attribute": "cutaway.interpret.attribution",
    "compare_epochs": "cutaway.interpret.similarity",
    "compare_models": "cutaway.interpret.similarity",
    "constant_units": "cutaway.interpret.units",
    "default_layer": "cutaway.interpret.lookup",
    "find_layer": "cutaway.interpret.lookup",
    "gradient_sizes": "cutaway.interpret.health",
    "influences": "cutaway.interpret.influence",
    "input_attribution": "cutaway.interpret.attribution",
    "layer_health": "cutaway.interpret.health",
    "layer_history": "cutaway.interpret.history",
    "layer_pairs": "cutaway.interpret.similarity",
    "layer_records": "cutaway.interpret.layers",
    "match_units": "cutaway.interpret.matching",
    "measured_layers": "cutaway.interpret.layers",
    "partial_dependence": "cutaway.interpret.importance",
    "permutation_importance": "cutaway.interpret.importance",
    "prepared_inputs": "cutaway.interpret.lookup",
    "preparing_layers": "cutaway.interpret.lookup",
    "probe_accuracy": "cutaway.interpret.probes",
    "unit_measures": "cutaway.interpret.units",
    "update_sizes": "cutaway.interpret.health",
}

__getattr__ = lazy_getattr_with_keras(
    __name__,
    _MODULES,
    light=[f"cutaway.interpret.{name}" for name in ("outline", "records", "matching")],
    needs_jax=True,
)
