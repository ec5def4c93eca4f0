"""Commands about the installation: datasets."""

from .options import JsonOption
from .output import print_json, print_table


def datasets(as_json: JsonOption = False) -> None:
    """List the bundled datasets, which need no network."""
    from cutaway.api.documents import plain
    from cutaway.data import dataset_names

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
