"""Commands about the installation: datasets."""

from .output import JsonOption, print_json, print_table


def datasets(as_json: JsonOption = False) -> None:
    """List the datasets that can be named, all of which are on this machine already."""
    from cutaway.data import dataset_names

    known = dataset_names()
    if as_json:
        print_json(known)
        return
    print_table(
        [
            {
                "Name": info.name,
                "Samples": f"{info.samples:,}",
                "Shape": " x ".join(str(side) for side in info.shape),
                "Classes": info.classes,
                "Where it comes from": info.provenance,
                "License": info.license,
            }
            for info in known
        ]
    )
