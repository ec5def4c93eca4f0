"""A model as a .keras file that plain Keras opens, and the rules that every way out shares."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from cutaway.errors import ModelError
from cutaway.models.layers import check_model
from cutaway.models.spec import model_from_spec, spec_of
from cutaway.models.weights import get_weights, set_weights

METADATA = "metadata.json"


def check_export(model: keras.Model) -> keras.Model:
    """Check that a model can be exported: built, and of supported layers.

    Raises:
        ModelError: It is not.
    """
    check_model(model)
    if not model.built:
        raise ModelError(f'the model "{model.name}" has no weights: it is not built yet', hint="train it first")
    return model


def to_keras(
    model: keras.Model,
    *,
    shape: Sequence[int] | None = None,
    scale: float = 1.0,
    columns: Sequence[Mapping[str, Any]] = (),
    facts: Mapping[str, Any] | None = None,
) -> bytes:
    """Pack a model, and the preparation of its input as layers before its own, into a .keras file.

    The optimizer is not exported.

    Args:
        model: A built model of supported layers.
        shape: Shape of one raw sample, which the exported model takes: a Rescaling, a Normalization and a Reshape come
            first, as far as they are needed. None exports the model as it is.
        scale: The value of a raw sample that becomes 1.
        columns: Numbers that are standardized, as steps of a preparation, one for each value of a sample; see
            `why_not_in_keras`. None of them if empty.
        facts: JSON-able data, written into metadata.json next to Keras' own.

    Raises:
        ModelError: The model cannot be exported.
    """
    spec = spec_of(check_export(model))
    if shape is not None:
        spec = _with_preparation(spec, tuple(shape), scale=scale, columns=columns)
    copied = model_from_spec(
        spec, initialize=False
    )  # without the optimizer, the loss and the metrics of a compiled one
    set_weights(copied, get_weights(model))
    with tempfile.TemporaryDirectory(prefix="cutaway-") as folder:
        path = Path(folder) / "model.keras"
        copied.save(path)
        return _with_facts(path.read_bytes(), facts or {})


def _with_preparation(
    spec: dict[str, Any], shape: tuple[int, ...], *, scale: float, columns: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The specification of a model that prepares raw samples, and then computes the given model."""
    wanted, entry = tuple(spec["input"]["shape"]), spec["input"]["name"]
    steps: list[tuple[str, dict[str, Any]]] = []
    if scale != 1:
        steps.append(("Rescaling", {"scale": 1 / scale, "offset": 0.0}))
    if any(column["center"] != 0 or column["scale"] != 1 for column in columns):
        mean, variance = [column["center"] for column in columns], [column["scale"] ** 2 for column in columns]
        steps.append(("Normalization", {"axis": -1, "mean": mean, "variance": variance}))
    if shape != wanted:
        steps.append(("Reshape", {"target_shape": list(wanted)}))
    taken, layers, last = {entry, *(item["name"] for item in spec["layers"])}, [], entry
    for kind, config in steps:
        name = kind.lower()
        while name in taken:
            name += "_"
        taken.add(name)
        layers.append({"kind": kind, "name": name, "inputs": [last], "config": config})
        last = name
    for item in spec["layers"]:
        layers.append(item | {"inputs": [last if name == entry else name for name in item["inputs"]]})
    return spec | {"input": {"name": entry, "shape": list(shape)}, "layers": layers}


def _with_facts(packed: bytes, facts: Mapping[str, Any]) -> bytes:
    """A .keras file with further entries in its metadata.json, which Keras does not read."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as before, zipfile.ZipFile(out, "w") as after:
        for member in before.infolist():
            content = before.read(member)
            if member.filename == METADATA:
                content = json.dumps(json.loads(content) | dict(facts)).encode()
            after.writestr(member, content)
    return out.getvalue()
