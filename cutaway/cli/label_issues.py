"""The command that finds label issues."""

import io
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cutaway.checks import meant
from cutaway.errors import DataError, UnknownNameError, UsageError
from cutaway.execution import check_engine
from cutaway.topics.label_issues.options import LabelIssuesOptions
from cutaway.words import quoted

from .options import RUN_OR_DATA, DataOption, EngineOption, GivenDataOptions, JsonOption, RunsOption, with_records
from .output import print_json, print_tables, say

if TYPE_CHECKING:
    from cutaway.topics.label_issues.result import LabelIssues

BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF"}
"""What files of each kind begin with."""

TRY = "try --images label-issues.png"

CLONED = "keras.models.clone_model(run.model())"
"""A ready-made model with first weights as they are drawn: those that it was trained from are not known."""


@with_records
def label_issues(
    *,
    where: Annotated[str, RUN_OR_DATA],
    asked: LabelIssuesOptions,
    data: DataOption = None,
    options: GivenDataOptions,
    runs: RunsOption = "runs",
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find labels that are probably wrong, using models that were not trained on them.

    A list written with -o has a column for your decisions, which are applied with: cutaway train DATA --labels FILE
    """
    check_engine(engine)
    run = find_run_or_data(where, runs=runs, data=data)
    from cutaway.api.label_issues import label_issues as issues_of_data
    from cutaway.topics.label_issues.result import check_judged, check_label_issues_file, write_label_issues

    output, images = (None if name is None else Path(name) for name in (asked.output, asked.images))
    if output is not None:
        check_label_issues_file(output)
    if images is not None:
        check_image_file(images)

    sizes: dict[str, Any] = {"folds": asked.folds, "seeds": asked.seeds, "epochs": asked.epochs, "engine": engine}
    loaded = _load(where, options) if run is None else None
    if images is not None:
        check_images(run.data if run is not None else loaded, output)
    issues = run.label_issues(**sizes) if run is not None else issues_of_data(loaded, **sizes)
    if output is not None:
        write_label_issues(issues, output)
    if images is not None:
        check_judged(issues)
        write_image(issues, images)
    if as_json:
        print_json(issues.to_json())
        return
    print_tables(issues.tables(asked.limit or None))
    if issues.can_judge:
        _print_next(issues, output=asked.output, images=asked.images, run=run)
    else:
        say(f"\nNext: look for the cause:  cutaway doctor {shlex.quote(where)}{data_again(run, data)}")


def _load(where: str, options: Mapping[str, Any]) -> Any:
    from cutaway.api.given_data import as_dataset
    from cutaway.results.progress import show_progress

    with show_progress(True) as on_progress:
        return as_dataset(where, None, verb="label_issues", on_progress=on_progress, **options)


def data_again(run: Any, data: str | None) -> str:
    """The option that says where the data of a run are, for the next command on it; "" if none is needed."""
    from cutaway.runs import data_option

    if run is None:
        return ""
    return data_option(run.path) if data is None else f" --data {shlex.quote(data)}"


def find_run_or_data(where: str, *, runs: str, data: str | None) -> Any:
    """The run of that name or path; None if it is the name or the path of data."""
    from cutaway.api.opening import open_run
    from cutaway.data import dataset_names, looks_like_a_path

    names = [info.name for info in dataset_names()]
    if where in names:
        return None
    try:
        return open_run(where, data=data, runs=runs)
    except UnknownNameError as error:
        if data is not None:
            raise
        if looks_like_a_path(where) or os.path.exists(Path(where).expanduser()):
            return None  # loading the data says if there is no such file
        raise UnknownNameError(
            f'"{where}" is neither a run (a path, a name in the folder "{runs}", or "latest") '
            "nor data (a path or a dataset)",
            hint=meant(where, names, f"{error.hint}; or see: cutaway datasets"),
        ) from error


def _print_next(issues: "LabelIssues", *, output: str | None, images: str | None, run: Any) -> None:
    """Print how the models were made, which files were written, and how decisions are applied."""
    if issues.recipe is not None:
        layers = "-".join(map(str, issues.hidden))
        why = "" if run is None else ", since not all settings of this run's training are known"
        say(f'The models have {layers} hidden units and the settings of the recipe "{issues.recipe}"{why}.')
    for file in (output, images):
        if file is not None:
            say(f"written: {file}")
    from cutaway.runs import labels_path

    if run is not None and (kept := labels_path(run.path)).exists():
        say(f"\nEarlier decisions are in {kept}.")
        say("A list of others does not apply them; --labels of that file does.")
    file = output if output is not None and not output.endswith(".jsonl") else "label-issues.csv"
    again = "" if file == output else "write the list with -o label-issues.csv, "
    say(f"\nNext: {again}decide in the column decision of {file} (keep, relabel with a label, or drop), then:")
    say(_again(run, file))


def _again(run: Any, file: str) -> str:
    """How decisions in a file are applied, as it works for this run; and for data without a run."""
    from cutaway.runs import run_argument

    if run is None:
        return f"cutaway train, with your data and their options, and --labels {file}"
    again = run.context.train_like(run_argument(run.path), labels=file)
    if again is not None:
        return again
    if run.context.opens:  # a recorded fit or a ready-made model, whose training is not known
        # not with the weights of its end, which may have memorized the wrong labels
        fresh = "run.model(epoch=0)" if run.context.manifest.origin == "keras fit" else CLONED
        return f"in Python, train its model on: cutaway.train({fresh}, run.data, labels={quoted(file)})"
    return "change these labels in your data, and train the model again"


def check_image_file(path: Path) -> None:
    """Refuse a path that no images are written to.

    Raises:
        UsageError: The ending is unknown, the folder does not exist, or it is a folder itself.
        DataError: There is a file that is not an image of that kind; it is not replaced.
    """
    from cutaway.runs import check_output

    ending = path.suffix.lower()
    check_output(path, tuple(BEGINNINGS))
    if not path.exists():
        return
    if not path.is_file():
        raise UsageError(f"{path} is not a file", hint=TRY)
    with open(path, "rb") as file:
        found = file.read(len(BEGINNINGS[ending]))
    if found not in (b"", BEGINNINGS[ending]):
        raise DataError(
            f"{path} is not replaced: it is no {ending[1:].upper()} image",
            hint="write it to another file, or delete this one",
        )


def check_images(data: Any, output: Path | None) -> None:
    """Refuse a dataset or a table whose samples are no images.

    Args:
        data: The dataset or table.
        output: The list that is written, if one is.

    Raises:
        UsageError: Its samples are not images.
    """
    if getattr(data, "image", None) is None:
        raise UsageError(
            f"the samples of {data.name} are not images",
            hint="leave out --images" + ", and write a list with -o label-issues.csv" * (output is None),
        )


def write_image(result: Any, path: Path) -> None:
    """Write the figure of a result, whole or not at all."""
    from cutaway.runs import write_output

    buffer = io.BytesIO()
    result.plot().savefig(buffer, format=path.suffix[1:].lower(), dpi=150)
    write_output(path, buffer.getvalue())
