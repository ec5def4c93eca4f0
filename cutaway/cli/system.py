"""Commands about data: datasets."""

from typing import Annotated, Any

import typer

from cutaway.errors import printable

from .options import (
    CategoryOption,
    HeaderOption,
    IgnoreOption,
    JsonOption,
    LabelOption,
    SizeOption,
    UseOption,
    parse_size,
)
from .output import percent, print_json, print_table


def datasets(
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A dataset to look at before anything is trained.")
    ] = None,
    label: LabelOption = None,
    ignore: IgnoreOption = None,
    use: UseOption = None,
    category: CategoryOption = None,
    header: HeaderOption = None,
    size: SizeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the bundled datasets, which need no network; or show what is in a dataset, and what is done with it."""
    from cutaway.api.documents import plain
    from cutaway.data import dataset_names

    if data is not None:
        given = {"label": label, "ignore": ignore, "use": use, "category": category, "header": header}
        options = {key: value for key, value in given.items() if value is not None and value != []}
        _show(data, options | ({"size": parse_size(size)} if size else {}), as_json)
        return
    known = dataset_names()
    if as_json:
        print_json(plain(known))
        return
    print_table(
        [
            {
                "Name": info.name,
                "Samples": f"{info.samples:,}",
                "Shape": " x ".join(str(side) for side in info.shape),
                "Classes": info.classes,
                "Source": info.provenance,
                "License": info.license,
            }
            for info in known
        ]
    )


def _show(data: str, options: dict[str, Any], as_json: bool) -> None:
    from cutaway.api.documents import dataset_document
    from cutaway.data import load_dataset

    loaded = load_dataset(data, **options)
    document = dataset_document(loaded)
    if as_json:
        print_json(document)
        return
    columns = document.pop("columns", [])
    for name, value in document.items():
        print(f"  {name.replace('_', ' '):<12} {printable(str(value))}")
    print_table(
        [
            {
                "Column": column["name"],
                "Type": column["type"],
                "Missing": percent(column["missing"] / column["rows"]) if column["missing"] else "-",
                "Values": column["values"],
                "What is done": column["treatment"]
                if column["use"] != "ignored"
                else f"ignored: {column['treatment']}",
            }
            for column in columns
        ]
    )
