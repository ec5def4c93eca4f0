"""How answers are printed: tables for people, one JSON document for programs."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on stdout.")]
RunsOption = Annotated[str, typer.Option("--runs", help="Folder of the runs.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help='A path, a run\'s name, or "latest".')]

LONG = 40
"""Cells up to this length are never broken, so that names can be copied."""


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON document; records become objects, paths become text."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=_plain, allow_nan=False))


def _plain(value: Any) -> Any:
    import numpy as np

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into JSON")


def console() -> Any:
    """A rich console on stdout; where that is no terminal, wide enough that tables are not cut."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160, soft_wrap=False)


def print_table(rows: Sequence[Mapping[str, Any]], *, title: str = "") -> None:
    """Print rows as a table; columns in which every entry is a number are set to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for column in rows[0]:
        numeric = all(str(row[column])[:1].isdigit() or str(row[column])[:1] in "-" for row in rows)
        fixed = all(len(str(row[column])) <= LONG for row in rows)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold", no_wrap=fixed)
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    console().print(table)


def print_layers(records: Sequence[Any], *, title: str) -> None:
    """Print layer records as a table that fits into 80 columns; the weights are those of the kernel."""
    rows = []
    for record in records:
        kernel, share = (record.weights[0] if record.weights else None), record.inactive_share
        row = {
            "Layer": record.name,
            "Kind": record.kind,
            "Output": " x ".join(str(side) for side in record.output_shape),
            "Params": f"{record.parameters:,}",
            "Never fire": "" if share is None else f"{record.inactive} ({share:.1%})",
        }
        for name in ("mean", "std", "min", "max"):
            row[f"W {name}"] = f"{getattr(kernel, name):.3f}" if kernel else ""
        rows.append(row)
    print_table(rows, title=title)


def print_findings(findings: Sequence[Any]) -> None:
    """Print findings as marked sentences."""
    from rich.text import Text

    styles = {"good": ("ok", "green"), "note": ("note", "cyan"), "warning": ("look", "yellow")}
    out = console()
    for finding in findings:
        mark, style = styles[finding.severity]
        out.print(Text.assemble((f"{mark:>5}  ", style), (finding.title, "bold"), f". {finding.text}"))


def print_quality(quality: Any, *, misplaced: Any) -> None:
    """Print how far an embedding can be believed."""
    print(f"  trustworthiness  {quality.trustworthiness:.3f}")
    print(f"  neighbors kept  {quality.neighbors_preserved:.1%} of the {quality.k} nearest")
    if quality.accuracy_layer is not None:
        words = f"{quality.accuracy_layer:.1%} in the layer, {quality.accuracy_plane:.1%} in the plane"
        print(f"  k-NN accuracy    {words}")
    if misplaced is not None:
        print(f"  misplaced        {int((misplaced > 0.5).sum()):,} samples: most of their neighbors here are wrong")
