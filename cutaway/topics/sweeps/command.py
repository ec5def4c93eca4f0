"""The command that trains the chosen settings again, with the test samples."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cutaway.data import origin_options
from cutaway.options import typed_options
from cutaway.training import RECIPES

from .outcome import SweepOutcome

RARE = ("batch_norm", "ensemble")
"""Settings of a model that a command names only where they are not those of the recipe."""


def command_of(verb: str, folder: Path | str, *, storage: str | None) -> str:
    """What to type to look at a sweep or to work on it.

    Args:
        verb: Such as "report" or "sweep --attach".
        folder: The sweep's folder.
        storage: URL of its database, with its password hidden; None for the journal in the folder.
    """
    url = storage if storage is None or "://" in storage else "URL"
    return f"cutaway {verb} {shlex.quote(str(folder))}" + ("" if url is None else f" --storage {shlex.quote(url)}")


def train_command(sweep: SweepOutcome) -> str | None:
    """A call of ``cutaway train`` with the settings of the best trial.

    Returns:
        None for data that came from arrays, and where a function of the user changed images.
    """
    manifest, best = sweep.manifest, sweep.best_trial
    origin: dict[str, str] = dict(manifest.data.get("origin") or {})
    where = origin.get("name") or origin.get("path")
    if best is None or not where:
        return None
    parts: list[str] = ["cutaway", "train", str(where)]
    options = origin_options(origin)
    settings: dict[str, Any] = {**options, **sweep.settings}
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
