"""What differs between the settings of two runs, by what run.json says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from cutaway.data import Preparation
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.results.table import value
from cutaway.results.units import TEXT, Unit
from cutaway.runs import Manifest
from cutaway.topics.common.data_words import data_in_words, layer_setting, step_in_words, value_in_words

NOT_KNOWN = "not known"

_WIDE = 24
_SETTING = Unit("value of a setting", value_in_words, right=False, most=_WIDE)


@dataclass(frozen=True)
class SettingDifference:
    """A setting that two runs do not have in common.

    Attributes:
        section: What it is about: "data", "split", "preparation", "model", "training", "versions" or "device".
        setting: Its name, such as "learning_rate", or "dense_1 units" of a layer.
        a: Its value in the first run, JSON-able; None if it has none.
        b: Its value in the second run.
    """

    section: str = value("Section", TEXT, "What the setting is about.")
    setting: str = value("Setting", Unit("name", str, right=False, most=_WIDE), "Its name.")
    a: Any = value("A", _SETTING, "Its value in the first run.")
    b: Any = value("B", _SETTING, "Its value in the second run.")


def setting_differences(first: Manifest, second: Manifest, *, epochs: tuple[int, int]) -> tuple[SettingDifference, ...]:
    """Compare two runs, section by section.

    Args:
        first: One of the runs.
        second: The other one.
        epochs: Numbers of the epochs of both that are compared: one of the settings, "kept_epoch" if they are kept.
    """
    sections = _sections(first, second)
    name = "kept_epoch" if epochs == (first.kept_epoch, second.kept_epoch) else "epoch"
    for settings, epoch in zip(sections["training"], epochs, strict=True):
        settings[name] = epoch
    return tuple(
        SettingDifference(section, name, a, b)
        for section, (one, other) in sections.items()
        for name in dict.fromkeys((*one, *other))
        if (a := one.get(name)) != (b := other.get(name))
    )


def only_settings(found: Sequence[SettingDifference]) -> tuple[SettingDifference, ...]:
    """The differences that people read as settings: which epoch is kept is a result of the training."""
    return tuple(each for each in found if each.setting != "kept_epoch")


def different_epochs(epochs: tuple[int, int]) -> str:
    """What the epochs that are compared have to do with the difference, a sentence; empty if they are the same."""
    first, second = epochs
    if first == second:
        return ""
    return (
        f"The runs are compared after different epochs, {first} and {second}: part of the difference may come from "
        "that, and not from the other settings or the data."
    )


def _sections(first: Manifest, second: Manifest) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    return {
        "data": (_data(first), _data(second)),
        "split": (_split(first), _split(second)),
        "preparation": (_preparation(first), _preparation(second)),
        "model": (_model(first, second), _model(second, first)),
        "training": (_training(first), _training(second)),
        "versions": (dict(first.versions), dict(second.versions)),
        "device": (dict(first.device), dict(second.device)),
    }


def _data(manifest: Manifest) -> dict[str, Any]:
    record = manifest.dataset
    return {
        "name": record.name,
        "sha256": record.sha256,
        "from": data_in_words(record),
        "shape": " x ".join(map(str, record.shape)),
        "scale": record.scale,
        "classes": list(record.class_names),
        "relabeled samples": len(record.relabeled or {}),
    }


def _split(manifest: Manifest) -> dict[str, Any]:
    if "split" in manifest.damaged:
        return {"counts": NOT_KNOWN}
    known = {name: manifest.split.get(name) for name in ("validation", "seed", "stratified")}
    return _counts(manifest.split.get("counts")) | known


def _counts(counts: Any) -> dict[str, Any]:
    if not isinstance(counts, dict):
        return {}
    known = cast("dict[str, Any]", counts)
    return {f"{name} samples": known.get(name) for name in ("train", "val", "test")}


def _preparation(manifest: Manifest) -> dict[str, Any]:
    record = manifest.dataset.preparation
    if record is None:
        return {}
    with survive(__name__, "reading how columns were prepared", CutawayError):
        return {step.column: step_in_words(step) for step in Preparation.from_record(record).steps}
    return {"columns": NOT_KNOWN}


def _model(manifest: Manifest, other: Manifest) -> dict[str, Any]:
    """The settings of every layer; of a layer that the other model does not have, a few words."""
    if manifest.model is None:
        return {"layers": NOT_KNOWN}
    model, names = manifest.model, {layer.name for layer in other.model.layers} if other.model else set[str]()
    found: dict[str, Any] = {"input": " x ".join(map(str, model.input.shape))}
    for layer in model.layers:
        if layer.name not in names:
            found[layer.name] = layer.in_words
            continue
        found[layer.name] = layer.kind
        found |= {f"{layer.name} {key}": layer_setting(value) for key, value in layer.config.items()}
        if model.kind == "Functional":
            found[f"{layer.name} inputs"] = list(layer.inputs)
    return found


def _training(manifest: Manifest) -> dict[str, Any]:
    config = {"settings": NOT_KNOWN} if "config" in manifest.damaged else dict(manifest.config)
    others = {"origin": manifest.origin, "first_weights": manifest.first_weights, "status": manifest.status}
    return config | others | {"sample_weight": manifest.sample_weight, "seed": manifest.seed}
