"""What others script against, observed: documents of `--json`, columns, options, exit codes, reprs and import paths.

``python tests/golden/observe.py --record`` writes all of it beside this file, with a small run folder and pickled
results. What is there was recorded with the code of commit f0548a2, in November 2026: recording again forgets what
users of that version rely on, so add to it rather than replace it.
"""

import contextlib
import io
import json
import pickle
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SETTINGS: dict[str, Any] = {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "seed": 0}


def write_table(path: Path, rows: int = 160) -> Path:
    """A table with numbers, a category, a date, missing values and two classes, the same in every call."""
    rng = np.random.default_rng(7)
    age, income = rng.integers(18, 80, rows), rng.normal(30_000, 9_000, rows).round(2)
    city = np.array(["Bern", "Oslo", "Rome"])[rng.integers(0, 3, rows)]
    days = np.datetime64("2024-01-01") + rng.integers(0, 700, rows)
    churned = np.where((age > 45) ^ (rng.random(rows) < 0.15), "yes", "no")
    lines = ["age,income,city,since,churned"]
    for k in range(rows):
        lines.append(f"{age[k]},{'' if k % 23 == 0 else income[k]},{city[k]},{days[k]},{churned[k]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_runs(folder: Path) -> tuple[Any, Any]:
    """A run on the digits and one on a table, in the folder ``runs``."""
    import cutaway as ct

    table = write_table(folder / "table.csv")
    quiet: dict[str, Any] = {"runs": folder / "runs", "progress": False, **SETTINGS}
    digits = ct.train(ct.mlp((12, 8)), "digits", name="digits", **quiet)
    data = ct.load_dataset(str(table), label="churned")
    return digits, ct.train(ct.mlp((6,)), data, name="table", **quiet)


def commands(digits: str, table: str, folder: Path) -> dict[str, list[str]]:
    """The commands whose documents are observed: a name and the arguments of each.

    Args:
        digits: Name of the run on the digits.
        table: Name of the run on the table.
        folder: With ``table.csv`` and ``runs``.
    """
    runs, rows = ["--runs", str(folder / "runs")], str(folder / "table.csv")
    small = ["--epochs", "1", "--hidden", "4"]
    return {
        "train": ["train", "digits", *small, *runs],
        "train table": ["train", rows, "--label", "churned", *small, *runs],
        "resume": ["resume", digits, *runs],
        "runs": ["runs", str(folder / "runs")],
        "show": ["show", digits, *runs],
        "show table": ["show", table, *runs],
        "predict": ["predict", table, rows, "--nearest", "2", "--explain", "2", "--distance", *runs],
        "explain": ["explain", digits, "sample[7]", "--influence", *runs],
        "layers": ["layers", digits, *runs],
        "layers one": ["layers", digits, "--layer", "dense_1", *runs],
        "layers history": ["layers", digits, "--history", *runs],
        "units": ["units", digits, *runs],
        "units table": ["units", table, *runs],
        "importance": ["importance", table, *runs],
        "samples": ["samples", digits, *runs],
        "samples table": ["samples", table, *runs],
        "embed": ["embed", digits, "--split", "test", *runs],
        "embed pca": ["embed", digits, "--split", "test", "--method", "pca", *runs],
        "labels": ["labels", table, "--folds", "2", "--seeds", "1", "--epochs", "1", *runs],
        "confidence": ["confidence", digits, *runs],
        "confidence table": ["confidence", table, *runs],
        "learning-curve": ["learning-curve", table, "--shares", "0.2,0.4,0.8", *runs],
        "doctor": ["doctor", digits, *runs],
        "doctor data": ["doctor", rows, "--label", "churned", *runs],
        "compare": ["compare", digits, digits, *runs],
        "compare leaderboard": ["compare", "--leaderboard", str(folder / "runs")],
        "robustness": ["robustness", digits, "--perturbation", "noise", "--samples", "40", *runs],
        "report": ["report", digits, "-o", str(folder / "report.html"), "--samples", "40", "--epochs", "0,3", *runs],
        "export": ["export", digits, "--to", str(folder / "model.keras"), *runs],
        "open": ["open", str(folder / "model.keras")],
        "datasets": ["datasets"],
        "datasets table": ["datasets", rows, "--label", "churned"],
    }


def mistakes(digits: str, folder: Path) -> dict[str, list[str]]:
    """Commands that end in an error, of each kind of exit code."""
    runs = ["--runs", str(folder / "runs")]
    return {
        "unknown command": ["trian"],
        "unknown option": ["train", "digits", "--epoch", "1", *runs],
        "unknown data": ["train", "nothing-of-this-name", *runs],
        "unknown run": ["show", "nothing-of-this-name", *runs],
        "unknown layer": ["layers", digits, "--layer", "dense_9", *runs],
        "unknown sample": ["explain", digits, "test[99999]", *runs],
        "wrong setting": ["train", "digits", "--learning-rate", "-1", *runs],
        "wrong epoch": ["layers", digits, "--epoch", "99", *runs],
        "wrong label": ["train", str(folder / "table.csv"), "--label", "color", *runs],
        "no model file": ["open", str(folder / "table.csv")],
        "import importance of pixels": ["importance", digits, *runs],
    }


RECORDS: dict[str, Callable[[Any], Any]] = {
    "history": lambda run: run.history,
    "confusion": lambda run: run.confusion(),
    "per_class": lambda run: run.per_class(),
    "mistakes": lambda run: run.mistakes(),
    "findings": lambda run: run.findings(),
    "layers": lambda run: run.layers(),
    "layer_history": lambda run: run.layer_history(samples=100, progress=False),
    "cka": lambda run: run.layer_history(samples=100, progress=False).cka(),
    "similarity": lambda run: run.similarity(samples=100, progress=False),
    "units": lambda run: run.units("dense_1", progress=False),
    "unit": lambda run: run.units("dense_1", progress=False)[3],
    "dynamics": lambda run: run.dynamics(split="test"),
    "explain": lambda run: run.explain("sample[7]"),
    "influence": lambda run: run.explain("sample[7]").influence(),
    "confused_pairs": lambda run: run.confused_pairs(),
    "calibration": lambda run: run.calibration(),
    "coverage": lambda run: run.coverage(),
    "thresholds": lambda run: run.thresholds(positive=run.class_names[1]),
    "generalization": lambda run: run.generalization(),
    "label_issues": lambda run: run.label_issues(folds=2, seeds=1, epochs=1, progress=False),
    "learning_curve": lambda run: run.learning_curve(shares=(0.2, 0.4, 0.8), progress=False),
    "pca": lambda run: run.embed(split="test", method="pca", progress=False),
    "tsne": lambda run: run.embed(split="test", perplexity=5.0, progress=False),
    "robustness": lambda run: run.robustness(perturbations=["noise"], samples=40, progress=False),
}
"""Results of every run, by name."""

DIGITS_RECORDS: dict[str, Callable[[Any], Any]] = {
    **RECORDS,
    "examine": lambda run: run.examine(run.data.x(run.split.test)[:9], nearest=2, explain=2),
}
TABLE_RECORDS: dict[str, Callable[[Any], Any]] = {**RECORDS, "importance": lambda run: run.importance(progress=False)}


def call(arguments: list[str]) -> tuple[int, str]:
    """Run the program in this process: its exit code, and what it printed to stdout."""
    from cutaway.cli import main

    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            main(arguments)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    raise AssertionError("the program ends with an exit code")


def paths(document: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """The paths of a JSON document, such as ``layers[].name``, and the type of each value.

    Digits in keys, such as those of classes and layers, are written ``#``.
    """
    if isinstance(document, dict):
        yield at, "object"
        for key, value in document.items():
            yield from paths(value, f"{at}.{re.sub(r'[0-9]+', '#', key)}")
    elif isinstance(document, list):
        yield at, "array"
        for value in document:
            yield from paths(value, f"{at}[]")
    else:
        kinds = {bool: "truth", int: "number", float: "number", str: "text", type(None): "null"}
        yield at, kinds[type(document)]


def types_by_path(document: Any) -> dict[str, list[str]]:
    """`paths` as a dictionary: the sorted types of the values at each path."""
    found: dict[str, set[str]] = {}
    for path, kind in paths(document):
        found.setdefault(path, set()).add(kind)
    return {path: sorted(kinds) for path, kinds in sorted(found.items())}


def columns(record: Any) -> list[list[str]] | None:
    """Name and kind of dtype of each column of `to_pandas()`; None of a record without one, or that needs arguments."""
    try:
        frame = record.to_pandas()
    except (AttributeError, TypeError):
        return None
    return [[str(name), dtype.kind] for name, dtype in zip(frame.columns, frame.dtypes, strict=True)]


def pattern(record: Any) -> str:
    """The repr of a record, with numbers, names of runs and what follows from digits masked."""
    text = re.sub(r"\d{8}-\d{6}-[\w-]+", "RUN", repr(record))
    return re.sub(r"[-−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?", "#", text)


def options() -> dict[str, list[str]]:
    """The names of the options and arguments of every command."""
    import typer.main

    from cutaway.cli.main import app

    group = typer.main.get_command(app)
    return {
        name: sorted({text for parameter in command.params for text in (*parameter.opts, *parameter.secondary_opts)})
        for name, command in sorted(group.commands.items())  # type: ignore[attr-defined]
    }


def documented() -> list[str]:
    """The names that docs/api.md documents."""
    text = (HERE.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^\.\. auto(?:class|function|exception|data):: ([\w.]+)", text, re.MULTILINE)))


def observe(folder: Path) -> dict[str, Any]:
    """Everything, in an empty folder."""
    digits, table = make_runs(folder)
    found: dict[str, Any] = {"options": options(), "imports": documented(), "columns": {}, "reprs": {}}
    for name, run, records in (("digits", digits, DIGITS_RECORDS), ("table", table, TABLE_RECORDS)):
        results = {key: make(run) for key, make in records.items()}
        found["columns"][name] = {key: columns(result) for key, result in results.items()}
        found["reprs"][name] = {key: pattern(result) for key, result in results.items()}
    found["documents"], found["codes"] = {}, {}
    for name, arguments in commands(digits.path.name, table.path.name, folder).items():
        code, out = call([*arguments, "--json"])
        found["codes"][name] = code
        if not code:
            found["documents"][name] = types_by_path(json.loads(out))
    for name, arguments in mistakes(digits.path.name, folder).items():
        found["codes"][name] = call(arguments)[0]
    return found


def record() -> None:
    """Write what is observed, a run folder, and pickled results beside this file."""
    with tempfile.TemporaryDirectory() as place:
        found = observe(Path(place))
        (HERE / "contract.json").write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        _, table = make_runs(Path(place))
        with zipfile.ZipFile(HERE / "run.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(table.path.rglob("*")):
                if file.is_file():
                    archive.write(file, f"run/{file.relative_to(table.path)}")
            archive.write(Path(place) / "table.csv", "table.csv")
        expected = {"predictions": table.predictions().tolist(), "history": table.history.to_pandas().to_dict("list")}
        (HERE / "run.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
        results = {name: make(table) for name, make in TABLE_RECORDS.items()}
        (HERE / "results.pickle").write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    if sys.argv[1:] != ["--record"]:
        sys.exit("this recorded what version f0548a2 promises; next: read its docstring, then add --record")
    record()
