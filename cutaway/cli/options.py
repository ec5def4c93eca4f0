"""Options that several commands share."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")]
RunsOption = Annotated[str, typer.Option("--runs", help="Folder of the runs.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help='A path, a run\'s name, or "latest".')]
EpochOption = Annotated[
    int | None, typer.Option(help="Epoch; 0 is the model as initialized, -1 the last. Default: the kept epoch.")
]
SeedOption = Annotated[int, typer.Option(help="Random seed.")]
