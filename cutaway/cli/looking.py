"""Commands that look at runs: runs, show, layers, embed and report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import JsonOption, RunArgument, RunsOption, print_json, print_layers, print_quality, print_table
from .training import print_history, summary


def runs(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Folder of the runs.")] = "runs",
    as_json: JsonOption = False,
) -> None:
    """List the runs of a folder, oldest first."""
    from cutaway.api.run import Run
    from cutaway.errors import UnknownNameError
    from cutaway.runs import list_runs

    if folder != "runs" and not Path(folder).is_dir():
        raise UnknownNameError("runs are kept in a folder", got=f'"{folder}"', hint="name a folder that exists")
    found = [Run(folder) for folder in list_runs(folder)]
    rows = [
        {
            "run": run.path.name,
            "status": run.folder.status,
            "dataset": run.folder.manifest["dataset"]["name"],
            "epochs": len(run.history),
            "val_accuracy": run.history.rows[-1].get("val_accuracy") if len(run.history) else None,
            "test_accuracy": run.test["accuracy"] if run.test else None,
        }
        for run in found
    ]
    if as_json:
        print_json(rows)
    elif rows:
        print_table([{_HEADS.get(key, key): _cell(value) for key, value in row.items()} for row in rows])
    else:
        print(f'No runs in "{folder}". Next: cutaway train mnist')


_HEADS = {"val_accuracy": "val acc.", "test_accuracy": "test acc."}


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def show(run: RunArgument, runs: RunsOption = "runs", as_json: JsonOption = False) -> None:
    """Show what a run was, epoch by epoch."""
    from cutaway.api.run import open_run

    opened = open_run(run, runs=runs)
    if as_json:
        print_json(summary(opened))
        return
    manifest = opened.folder.manifest
    print(f"{opened.path}\n")
    print(f"  status   {manifest['status']}" + (f" ({manifest['why']})" if manifest["why"] else ""))
    print(f"  dataset  {manifest['dataset']['name']}  sha256 {manifest['dataset']['sha256'][:12]}")
    units = [f"{layer['name']} ({layer['kind']})" for layer in manifest["model"]["layers"]]
    print(f"  model      {manifest['model']['name']}: {', '.join(units)}")
    known = {key: value for key, value in opened.config.items() if value is not None}
    print(f"  plan     {', '.join(f'{key} {value}' for key, value in known.items())}")
    print_history(opened)


def layers(
    run: RunArgument,
    layer: Annotated[str | None, typer.Option(help="Show this layer alone, with its configuration.")] = None,
    epoch: Annotated[int, typer.Option(help="Epoch; -1 is the last, 0 the model as initialized.")] = -1,
    history: Annotated[bool, typer.Option("--history", help="Show what each layer knows after every epoch.")] = False,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each layer is and holds, and how many of its units never fire on the data."""
    from cutaway.api.run import open_run
    from cutaway.errors import UnknownNameError, UsageError

    if history and epoch != -1:
        raise UsageError("--history shows every epoch", got=f"--epoch {epoch}", hint="leave one of the two out")
    opened = open_run(run, runs=runs)
    if history:
        from .inside import layer_history

        layer_history(opened, layer=layer, as_json=as_json)
        return
    epoch = opened.folder.resolve_epoch(epoch)
    records = opened.layers(epoch=epoch, progress=True)
    if layer is not None:
        names = [record.name for record in records]
        if layer not in names:
            raise UnknownNameError(
                f"layers of this run are {', '.join(names)}", got=f'"{layer}"', hint="name one of these"
            )
        records = tuple(record for record in records if record.name == layer)
    if as_json:
        print_json({"run": str(opened.path), "epoch": epoch, "layers": records})
        return
    print_layers(records, title=f"Layers after epoch {epoch}")
    if layer is not None:
        rows = [
            {
                "Weight": w.name,
                "Shape": str(w.shape),
                "Mean": f"{w.mean:.5f}",
                "Std": f"{w.std:.5f}",
                "Min": f"{w.min:.5f}",
                "Max": f"{w.max:.5f}",
            }
            for w in records[0].weights
        ]
        print_table(rows)
        print_table([{"Setting": key, "Value": str(value)} for key, value in records[0].config.items()])


def embed(
    run: RunArgument,
    layer: Annotated[str | None, typer.Option(help="Layer; the last hidden one if not given.")] = None,
    epoch: Annotated[int, typer.Option(help="Epoch; -1 is the last, 0 the model as initialized.")] = -1,
    method: Annotated[str, typer.Option(help="tsne, pca, lda or umap.")] = "tsne",
    split: Annotated[str, typer.Option(help="train, val, test or all.")] = "all",
    points: Annotated[int | None, typer.Option(help="Samples at most; all if not given.")] = None,
    perplexity: Annotated[float | None, typer.Option(help="Of tsne: neighbors each sample attends to.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Of tsne: steps at most.")] = None,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Embed a layer's activations in the plane and keep the coordinates in the run folder."""
    from cutaway.api.run import open_run

    opened = open_run(run, runs=runs)
    given = {"perplexity": perplexity, "n_iter": iterations}
    settings: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    embedding = opened.embed(layer, epoch=epoch, method=method, split=split, points=points, seed=seed, **settings)
    layout, quality = embedding.layout, embedding.quality
    parts = ("neighbors", "affinities", "optimize", "total")
    document = {
        "run": str(opened.path),
        "layer": embedding.layer,
        "epoch": embedding.epoch,
        "method": layout.method,
        "points": len(layout.xy),
        "seconds": {part: layout.seconds.get(part) for part in parts},
        "kl_divergence": layout.kl_divergence,
        "quality": quality,
        "settings": layout.settings,
        "file": None if embedding.file is None else str(embedding.file),
    }
    if as_json:
        print_json(document)
        return
    print(f"{embedding.title} in {layout.seconds['total']:.1f} s")
    if layout.kl_divergence is not None:
        print(f"  KL divergence    {layout.kl_divergence:.3f} after {layout.settings['iterations']} iterations")
    if quality:
        print_quality(quality, misplaced=embedding.misplaced)
    print(f"  file             {embedding.file or 'not kept: it was stopped before its end'}")


def report(
    run: RunArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; report.html in the run if not given.")
    ] = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write everything about a run into one HTML file that works from disk with the network off."""
    from cutaway.api.run import open_run

    opened = open_run(run, runs=runs)
    page = opened.report(output)
    if as_json:
        print_json({"run": str(opened.path), "file": str(page), "bytes": page.stat().st_size})
    else:
        print(f"{page.resolve().as_uri()}  ({page.stat().st_size / 1e6:.1f} MB)")
