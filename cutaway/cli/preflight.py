"""The command that checks a training before it begins."""

import shlex
from typing import Annotated

import typer

from cutaway.options import typed_options

from .doctor import NOTHING_FOUND, SERIOUS
from .options import GivenDataOptions, JsonOption, with_records
from .output import print_findings, print_json, print_table, say
from .trainings import GivenModel, GivenSettings, recipe_and_form


@with_records
def preflight(
    *,
    data: Annotated[str, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")],
    model: GivenModel,
    settings: GivenSettings,
    options: GivenDataOptions,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Train the model for some seconds as well: on one batch, with 11 learning rates, without inputs, "
            "and on moved and random targets.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the data, the model and the settings of a training before it begins; the exit code is 3 for a warning."""
    from cutaway.models import import_lean_keras
    from cutaway.topics.history.short_trainings import in_words
    from cutaway.topics.preflight.preflight import preflight_plan

    import_lean_keras()
    found = preflight_plan(data, options=options, train=train, **recipe_and_form(model), **settings)
    is_serious = found.is_as_serious("warning")
    if as_json:
        print_json(found.to_json())
    else:
        print_findings(found.findings)
        if not is_serious:
            say(NOTHING_FOUND)
        if found.measured:
            print_table(in_words(found.measured), title="Short trainings")
        say(f"\nNext: train:  cutaway train {shlex.join([data, *typed_options({**options, **model, **settings})])}")
    if is_serious:
        raise typer.Exit(SERIOUS)
