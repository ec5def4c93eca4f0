"""The command that trains the chosen settings again, with the test samples."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cutaway.data import origin_options
from cutaway.options import typed_options
from cutaway.training import RECIPES

from .manifest import SweepManifest

RARE = ("batch_norm", "ensemble")
"""Settings of a model that a command names only where they are not those of the recipe."""


def train_command(manifest: SweepManifest, wanted: Mapping[str, Any]) -> str | None:
    """A call of ``cutaway train`` with settings of a trial.

    Args:
        manifest: The sweep.
        wanted: See `Sweep.settings_of`.

    Returns:
        None for data that came from arrays, and where a function of the user changed images.
    """
    origin: dict[str, str] = dict(manifest.data.get("origin") or {})
    where = origin.get("name") or origin.get("path")
    if not where:
        return None
    parts: list[str] = ["cutaway", "train", str(where)]
    settings: dict[str, Any] = {**origin_options(origin), **wanted}
    if manifest.fixed.recipe != "default":
        settings = {"recipe": manifest.fixed.recipe, **settings}
    weights = manifest.fixed.class_weight
    if weights is not None:
        by_class = weights if isinstance(weights, str) else ",".join(f"{k}={v:g}" for k, v in weights.items())
        settings["class_weight"] = by_class
    if "function=" in str(settings.get("augment")):
        return None
    form = asdict(RECIPES[manifest.fixed.recipe].form) if manifest.fixed.recipe in RECIPES else {}
    # what was asked for is named: "default" may mean a recipe of another form for these data
    asked = {*manifest.fixed.form(), *manifest.space}
    rare = [name for name in RARE if name not in asked or manifest.fixed.recipe != "default"]
    settings = {name: value for name, value in settings.items() if name not in rare or value != form.get(name)}
    return shlex.join([*parts, *typed_options(settings)])
