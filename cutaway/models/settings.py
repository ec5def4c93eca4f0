"""Settings of a layer in an untrusted model file or run folder, checked one by one before Keras sees any of them.

Every class, module or function that a file names is compared with the allow-lists of `cutaway.models.layers`; nothing
is imported or called by such a name.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cutaway.models.form import ACTIVATIONS
from cutaway.models.layers import CONSTRAINTS, INITIALIZERS, LAYER_KINDS, REGULARIZERS
from cutaway.models.shapes import MEMBER_EQUATIONS
from cutaway.words import quoted, shown

MAX_UNITS = 2**24

MAX_TABLE = 2**16
"""Maximum number of entries of one list in the mean or the variance of a Normalization."""

_KERAS = re.compile(r"(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\.[a-z_0-9]+){0,8}", re.ASCII)
_OBJECT_KEYS = {"module", "class_name", "config", "registered_name", "shared_object_id", "build_config"}
_OBJECTS = {"initializer": INITIALIZERS, "regularizer": REGULARIZERS, "constraint": CONSTRAINTS}
_OTHER_NAMES = {"swish": "silu", "softmax_v2": "softmax"}  # of Keras 2 -> of Keras 3
_POLICIES = ("float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class Checked:
    """Settings that passed the checks, and the faults of the others.

    Attributes:
        config: The settings that go into a specification.
        problems: Why the layer is refused, one clause each; empty for a layer that can be built.
        notes: Differences from the file, one clause each.
    """

    config: dict[str, Any]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_settings(kind: str, config: Mapping[str, Any], *, old: bool) -> Checked:
    """Check the settings of a supported layer.

    Initializers are checked and left out: weights come from the file, and a model that is initialized again uses Keras'
    defaults.

    Args:
        kind: Its class, of `LAYER_KINDS`.
        config: Its settings, with any keys and values that JSON can hold.
        old: Whether Keras 2 wrote them, which names some settings differently.
    """
    kept: dict[str, Any] = {}
    problems, notes = [], []
    for key, value in (_modern(kind, config) if old else config).items():
        slot = key.rsplit("_", 1)[-1]
        if key == "dtype":
            problem, note = _policy(value)
            problems += problem
            notes += note
        elif key == "trainable" and isinstance(value, bool):
            kept |= {} if value else {"trainable": False}
        elif key in LAYER_KINDS[kind] and slot in _OBJECTS:
            problems += object_problems(value, _OBJECTS[slot], what=key) if value is not None else []
            if value is not None and slot != "initializer":
                kept[key] = value
        elif key in LAYER_KINDS[kind]:
            kept[key], wrong = _plain(kind, key, value=value, old=old)
            problems += wrong
        elif key not in ("name", "batch_input_shape", "batch_shape") and value not in (None, False):
            problems.append(f"the setting {quoted(key[:40])}, which cutaway does not support")
    return Checked(kept, tuple(problems), tuple(notes))


def _modern(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of Keras 2 under the names of Keras 3."""
    config = dict(config)
    if kind == "LeakyReLU" and "alpha" in config:
        config["negative_slope"] = config.pop("alpha")
    axis = config.get("axis")
    if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    return config


def object_problems(value: Any, allowed: tuple[str, ...], *, what: str) -> list[str]:
    """What is wrong with an object that a file describes by its class; empty if it is one of Keras' `allowed`."""
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict) or set(value) - _OBJECT_KEYS:
        return [f"{what} of {_short(value)}, which is not a Keras object"]
    if value.get("class_name") not in allowed:
        return [f"{what} of the class {_short(value.get('class_name'))}"]
    return source_problems(value, what=what)


def source_problems(value: Mapping[str, Any], *, what: str) -> list[str]:
    """What is wrong with the module and name that a file gives for an object; they are compared, never imported."""
    module, registered = value.get("module"), value.get("registered_name")
    if module is not None and not (isinstance(module, str) and _KERAS.fullmatch(module)):
        return [f"{what} from the module {_short(module)}, which is not Keras"]
    if registered is not None and registered != value.get("class_name"):
        return [f"{what} registered as {_short(registered)}, a custom class"]
    return []


def argument_problem(named: Any) -> str | None:
    """The fault in the named arguments of a layer's call; None if they change nothing.

    Keras writes the defaults of Dropout, noise, BatchNormalization and Softmax: {"training": false} and
    {"mask": null}. With {"training": true} a layer drops units in evaluation as well, which is another model.
    """
    if not isinstance(named, dict):
        return "called with arguments in a form that is not read"
    for name, value in named.items():
        if not (value is None and name in ("mask", "training")) and not (value is False and name == "training"):
            return f"called with {_short(str(name))[1:-1]}={_short(value)}"
    return None


def _policy(value: Any) -> tuple[list[str], list[str]]:
    """Problems and notes of a dtype."""
    if isinstance(value, dict):
        if problems := object_problems(value, ("DTypePolicy", "Policy", "FloatDTypePolicy"), what="dtype"):
            return problems, []
        value = value["config"].get("name")
    if value in (None, "float32"):
        return [], []
    if value in _POLICIES:
        return [], [f"computes in float32, not in {value} as in the file"]
    return [f"the dtype {_short(value)}"], []


def _plain(kind: str, key: str, *, value: Any, old: bool) -> tuple[Any, list[str]]:
    if key == "activation":
        name = _OTHER_NAMES.get(value, value) if old and isinstance(value, str) else value
        if name is None:
            return "linear", []
        if not isinstance(name, str) or name not in ACTIVATIONS:
            return None, [f"the activation {_short(value)}"]
        # clip(0.2 x + 0.5, 0, 1) in Keras 2, relu6(x + 3) / 6 in Keras 3
        return name, ["the activation hard_sigmoid of Keras 2, another function than today's"] * (
            old and name == "hard_sigmoid"
        )
    check = _CHECKS.get((kind, key)) or _CHECKS.get(("", key))
    if check is None or not check(value):
        return None, [f"{key} of {_short(value)}"]
    return value, []


def is_whole(value: Any, *, low: int, high: int) -> bool:
    """Whether a value is a whole number in a range, both ends included."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30 and math.isfinite(value)


def _numbers(value: Any) -> bool:
    return _number(value) or (isinstance(value, list) and 0 < len(value) <= 4096 and all(map(_number, value)))


def _smallest(value: Any) -> float:
    return min(map(_smallest, value)) if isinstance(value, list) else value


def _from_0(value: Any) -> bool:
    return _number(value) and value >= 0


def _axis(value: Any) -> bool:
    return is_whole(value, low=-8, high=8) and value != 0


def _axes(value: Any) -> bool:
    return _axis(value) or (isinstance(value, list) and 0 < len(value) <= 8 and all(map(_axis, value)))


def _maybe_axes(value: Any) -> bool:
    return value is None or value == [] or _axes(value)


def _table(value: Any, depth: int = 4) -> bool:
    """Whether a value is a number, or lists of numbers of one shape, at most `MAX_TABLE` of them."""
    if not isinstance(value, list):
        return _number(value)
    sizes = {len(entry) if isinstance(entry, list) else -1 for entry in value}
    return 0 < len(value) <= MAX_TABLE and depth > 0 and len(sizes) == 1 and all(_table(v, depth - 1) for v in value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _unset(value: Any) -> bool:
    return value in (None, False)


def _optional(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


_CHECKS: dict[tuple[str, str], Callable[[Any], bool]] = {
    ("", "units"): lambda value: is_whole(value, low=1, high=MAX_UNITS),
    ("", "equation"): lambda value: value in MEMBER_EQUATIONS,
    ("", "output_shape"): lambda value: (
        isinstance(value, list) and len(value) == 2 and all(is_whole(v, low=1, high=MAX_UNITS) for v in value)
    ),
    ("", "bias_axes"): lambda value: value in (None, "ko"),
    ("", "use_bias"): _flag,
    ("", "center"): _flag,
    ("", "scale"): _flag,
    ("Rescaling", "scale"): _numbers,
    ("Softmax", "axis"): lambda value: _axis(value) or (_axes(value) and len(value) == 1),
    ("Normalization", "axis"): _maybe_axes,
    ("", "invert"): _flag,
    ("", "mean"): _optional(_table),
    ("", "variance"): _optional(lambda value: _table(value) and _smallest(value) >= 0),
    ("", "alpha"): _number,
    ("", "shared_axes"): _optional(
        lambda value: isinstance(value, list) and len(value) <= 8 and all(is_whole(v, low=1, high=8) for v in value)
    ),
    ("", "target_shape"): lambda value: (
        isinstance(value, list)
        and 0 < len(value) <= 8
        and all(v == -1 or is_whole(v, low=1, high=MAX_UNITS) for v in value)
        and sum(v == -1 for v in value) <= 1
    ),
    ("", "offset"): _numbers,
    ("", "rate"): lambda value: _from_0(value) and value < 1,
    ("", "noise_shape"): _optional(
        lambda value: (
            isinstance(value, list)
            and len(value) <= 8
            and all(v is None or is_whole(v, low=1, high=MAX_UNITS) for v in value)
        )
    ),
    ("", "seed"): _optional(lambda value: is_whole(value, low=0, high=2**32 - 1)),
    ("", "max_value"): _optional(_from_0),
    ("", "negative_slope"): _from_0,
    ("", "threshold"): _from_0,
    ("", "stddev"): _from_0,
    ("", "data_format"): lambda value: value in (None, "channels_last", "channels_first"),
    ("", "axis"): _axis,
    ("LayerNormalization", "axis"): _axes,
    ("", "momentum"): lambda value: _from_0(value) and value <= 1,
    ("", "epsilon"): lambda value: _number(value) and value > 0,
    # batch renormalization has its own weights, and synchronization needs several devices
    ("", "synchronized"): _unset,
    ("", "renorm"): _unset,
    ("", "renorm_clipping"): _unset,
    ("", "renorm_momentum"): _number,
}


def _short(value: Any) -> str:
    text = shown(value[:60] if isinstance(value, str) else value)
    return "".join(c for c in text if c.isprintable())[:62]
