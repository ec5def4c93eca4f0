"""Models: Keras models of supported layers, and one batched forward pass through them.

In come layer sizes (`mlp`), a user's own Keras model (`check_model`) or the specification in a run folder
(`model_from_spec`); out go Keras models, their specifications, their weights by name, and the outputs of their layers
(`ForwardPass`). Keras and JAX are loaded with the first name that needs them. May call errors, progress, parallel and
cache only.
"""

from typing import TYPE_CHECKING

from .backend import require_jax
from .lean_keras import import_lean_keras, lazy_getattr_with_keras, lean_keras

if TYPE_CHECKING:
    from .compiled_programs import forget_compiled_programs, keep_compiled_programs
    from .form import ACTIVATIONS, FORM, ModelForm
    from .forward_pass import ForwardPass, Model, batch_size, batch_slices, forward, prepare_inputs
    from .layers import LAYER_KINDS, WRAPPED, check_model, layer_names, normalizes_batches, output_size
    from .losses import sample_loss
    from .outputs import activation_name, class_probabilities
    from .perceptron import MEAN, build_model, check_fit, fitting_shape, members_of, mlp
    from .setup import (
        DEFAULT_RATES,
        NUMBER_LOSSES,
        Setup,
        Targets,
        compiled_setup,
        setup_faults,
        setup_of,
        setup_of_spec,
        targets_of,
    )
    from .shapes import DENSE_KINDS, MERGING_KINDS, output_shape, units_in_words
    from .spec import model_from_spec, short_floats, spec_of, spec_weights
    from .target_unit import IN_UNIT, TargetUnit
    from .weights import (
        assign,
        check_snapshot,
        get_weights,
        initialize,
        reseed,
        set_weights,
        weight_values,
    )

_MODULES = {
    "ACTIVATIONS": "cutaway.models.form",
    "DEFAULT_RATES": "cutaway.models.setup",
    "DENSE_KINDS": "cutaway.models.shapes",
    "FORM": "cutaway.models.form",
    "ForwardPass": "cutaway.models.forward_pass",
    "IN_UNIT": "cutaway.models.target_unit",
    "LAYER_KINDS": "cutaway.models.layers",
    "MEAN": "cutaway.models.perceptron",
    "MERGING_KINDS": "cutaway.models.shapes",
    "Model": "cutaway.models.forward_pass",
    "NUMBER_LOSSES": "cutaway.models.setup",
    "ModelForm": "cutaway.models.form",
    "Setup": "cutaway.models.setup",
    "TargetUnit": "cutaway.models.target_unit",
    "Targets": "cutaway.models.setup",
    "WRAPPED": "cutaway.models.layers",
    "activation_name": "cutaway.models.outputs",
    "assign": "cutaway.models.weights",
    "batch_size": "cutaway.models.forward_pass",
    "batch_slices": "cutaway.models.forward_pass",
    "build_model": "cutaway.models.perceptron",
    "check_fit": "cutaway.models.perceptron",
    "check_model": "cutaway.models.layers",
    "check_snapshot": "cutaway.models.weights",
    "class_probabilities": "cutaway.models.outputs",
    "compiled_setup": "cutaway.models.setup",
    "fitting_shape": "cutaway.models.perceptron",
    "forget_compiled_programs": "cutaway.models.compiled_programs",
    "forward": "cutaway.models.forward_pass",
    "get_weights": "cutaway.models.weights",
    "initialize": "cutaway.models.weights",
    "keep_compiled_programs": "cutaway.models.compiled_programs",
    "layer_names": "cutaway.models.layers",
    "members_of": "cutaway.models.perceptron",
    "mlp": "cutaway.models.perceptron",
    "model_from_spec": "cutaway.models.spec",
    "normalizes_batches": "cutaway.models.layers",
    "output_shape": "cutaway.models.shapes",
    "output_size": "cutaway.models.layers",
    "prepare_inputs": "cutaway.models.forward_pass",
    "reseed": "cutaway.models.weights",
    "sample_loss": "cutaway.models.losses",
    "set_weights": "cutaway.models.weights",
    "setup_faults": "cutaway.models.setup",
    "setup_of": "cutaway.models.setup",
    "setup_of_spec": "cutaway.models.setup",
    "short_floats": "cutaway.models.spec",
    "spec_of": "cutaway.models.spec",
    "spec_weights": "cutaway.models.spec",
    "targets_of": "cutaway.models.setup",
    "units_in_words": "cutaway.models.shapes",
    "weight_values": "cutaway.models.weights",
}

__getattr__ = lazy_getattr_with_keras(
    __name__,
    _MODULES,
    light=[f"cutaway.models.{name}" for name in ("compiled_programs", "form", "outputs", "setup", "shapes")],
)
