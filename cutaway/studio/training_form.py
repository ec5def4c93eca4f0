"""The settings of a training and their effect: checked before it waits, without Keras."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cutaway.api.training_options import TrainingOptions
from cutaway.data import is_table_path
from cutaway.errors import CutawayError, UsageError
from cutaway.jobs import Repeat, Training
from cutaway.models import ACTIVATIONS, ModelForm
from cutaway.runs import RunFolder
from cutaway.task import Task
from cutaway.training import (
    AUTO,
    RECIPES,
    Recipe,
    TrainingConfig,
    base_settings,
    check_class_weight,
    find_recipe,
    make_config,
    may_normalize,
    merge_settings,
    recorded_config,
    validation_share,
    wrong_settings,
)

OF_SAMPLES = ("epochs", "batch_size", "validation")
"""Settings whose "auto" depends on the number of samples."""

KINDS = {"integer": "whole", "number": "number"}
LIMITS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
"""Types and limits in a JSON schema, in the words of the form."""


def form_fields() -> dict[str, Any]:
    """The fields of a form for a training, from the schema of its settings.

    Returns:
        ``settings``, a record each: ``name``, ``kind`` ("whole", "number", "choice" or "text"), ``help``, ``limits``,
        ``choices`` and ``optional``; ``activations``; and ``recipes``.
    """
    properties: dict[str, dict[str, Any]] = TrainingConfig.model_json_schema()["properties"]
    words = {each.name: each.metadata["help"] for each in fields(TrainingOptions)}
    settings = [_field(name, properties[name], words[name]) for name in TrainingConfig.model_fields]
    return {"settings": settings, "activations": ACTIVATIONS, "recipes": RECIPES.values()}


def _field(name: str, schema: Mapping[str, Any], words: str) -> dict[str, Any]:
    inner = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    choices = list(inner.get("enum", ()))
    return {
        "name": name,
        "kind": "choice" if choices else KINDS.get(inner.get("type", ""), "text"),
        "help": words,
        "limits": ", ".join(f"{limit} {inner[key]:,.10g}" for key, limit in LIMITS.items() if key in inner),
        "choices": [*choices, "auto"] if choices and name in AUTO else choices,
        "optional": "anyOf" in schema,
    }


def check_training(
    task: Training | Repeat, *, runs: Path, samples: int | None = None, tested: int = 0, default: str | None = None
) -> dict[str, Any]:
    """Find the faults of a training before it waits, and resolve its settings.

    Args:
        task: The training.
        runs: The folder of runs.
        samples: Training samples before the split; None if that is not known.
        tested: How many of them become test samples.
        default: The recipe that "default" means for the data; None if nobody has read them yet, when their name says
            whether they are a table.

    Returns:
        ``errors``, a message for each wrong field ("" if it concerns several), and ``settings``, ``form`` and
        ``recipe`` with every value resolved, if nothing is wrong. "auto" stays if it depends on an unknown number
        of samples.
    """
    errors: dict[str, str] = {}
    found: dict[str, Any] | None = None
    with _noted(errors, ""):
        found = _resolved(task, errors, runs=runs, samples=samples, tested=tested, default=default)
    return {"errors": errors, **(found or {"settings": None, "form": None, "recipe": None})}


@contextmanager
def _noted(errors: dict[str, str], name: str) -> Generator[None]:
    try:
        yield
    except CutawayError as error:
        errors[name] = str(error)


def _resolved(
    task: Training | Repeat,
    errors: dict[str, str],
    *,
    runs: Path,
    samples: int | None,
    tested: int,
    default: str | None,
) -> dict[str, Any] | None:
    """What `check_training` returns besides the errors, which are added; None if there are some."""
    recipe = None
    if isinstance(task, Training):
        place, name = Path(task.data), task.form.recipe
        if default is None and place.is_absolute() and is_table_path(place):
            default = "table"
        given = {**task.settings, **task.form.model_dump()}
        if name == "default" and default and (default != "photos" or may_normalize(given)):
            name = default
        recipe = find_recipe(name)
    base, form = _base(task, runs, errors, recipe)
    settings: dict[str, Any] = {name: value for name, value in task.settings.items() if name != "class_weight"}
    weights: Any = task.settings.get("class_weight")
    with _noted(errors, "class_weight"):
        numbered = isinstance(weights, dict) and all(str(key).isdecimal() for key in weights)
        check_class_weight({int(key): value for key, value in weights.items()} if numbered else weights)
    values = merge_settings(base, settings)
    errors |= {name: str(error) for name, error in wrong_settings(values).items()}
    if errors:
        return None
    share = validation_share(samples or 0, values["validation"])
    left = None if samples is None else max(1, round((samples - tested) * (1 - share)))
    config = make_config(values, samples=left, validation=share)
    with _noted(errors, "augment"):
        if (augmentation := config.augmentation) is not None:
            augmentation.find_function()
        if config.augment and default == "table":
            got = f'a table and augment="{config.augment}"'
            raise UsageError(f"there are no images to change: {got}", hint='choose augment "none", or another recipe')
    if errors:
        return None
    known = config.model_dump() | {"class_weight": weights}
    if samples is None:
        known |= {name: "auto" for name in OF_SAMPLES if values.get(name) == "auto"}
    return {"settings": known, "form": form, "recipe": recipe and recipe.name}


def _base(
    task: Training | Repeat, runs: Path, errors: dict[str, str], recipe: Recipe | None
) -> tuple[Mapping[str, Any], dict[str, Any] | None]:
    """The other settings, and the form of the model; its faults go into `errors`."""
    if isinstance(task, Repeat):
        return recorded_config(RunFolder.open(runs / task.run).manifest.config).model_dump(), None
    assert recipe is not None
    given = task.form.model_dump(exclude={"recipe"}, exclude_none=True)
    for name, value in given.items():
        with _noted(errors, name):
            ModelForm(**{name: value})
    form = asdict(recipe.form) | given
    if not errors:
        ModelForm(**form)
    weighted = task.settings.get("class_weight") is not None or bool(task.options.get("weight"))
    targets: Any = task.options.get("target") or ()
    return base_settings(recipe, weighted=weighted, task=Task(targets=tuple(targets))), form
