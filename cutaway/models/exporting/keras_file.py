"""A model as a .keras file that plain Keras opens, and the rules that every way out shares."""

import tempfile
from pathlib import Path

import keras

from cutaway.errors import ModelError
from cutaway.models.layers import check_model
from cutaway.models.spec import model_from_spec, spec_of
from cutaway.models.weights import get_weights, set_weights


def check_export(model: keras.Model) -> keras.Model:
    """Check that a model can be exported: built, and of allow-listed layers.

    Raises:
        ModelError: It is not.
    """
    check_model(model)
    if not model.built:
        raise ModelError("an exported model has weights", got=f'"{model.name}", not built yet', hint="train it first")
    return model


def to_keras(model: keras.Model) -> bytes:
    """Pack a model into a .keras file with Keras' own writer.

    The exported model takes samples that are already divided by their scale. The optimizer is not exported.

    Args:
        model: A built model of allow-listed layers.

    Raises:
        ModelError: It is not.
    """
    check_export(model)
    copied = model_from_spec(spec_of(model))  # without the optimizer, the loss and the metrics of a compiled one
    set_weights(copied, get_weights(model))
    with tempfile.TemporaryDirectory(prefix="cutaway-") as folder:
        path = Path(folder) / "model.keras"
        copied.save(path)
        return path.read_bytes()
