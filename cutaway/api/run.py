"""The run as the user holds it: every view of a run folder, wired to the rooms that make it."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import Dataset, Split, load_dataset
from cutaway.errors import DataError, UsageError
from cutaway.runs import REPORT, RUNS, RunFolder, find_run

from .history import History
from .progress import ProgressOption, show_progress
from .views import Views

if TYPE_CHECKING:
    import keras

    from cutaway.findings import Finding
    from cutaway.metrics import Mistakes

    from .layers import Layers


class Run(Views):
    """A training that was, or still is, recorded in a run folder.

    Made by `cutaway.train` and `cutaway.open_run`. Layers and epochs are named as Keras names them; ``epoch=-1`` is the
    last one with a snapshot, ``epoch=0`` the model as initialized.

    Attributes:
        folder: What is on disk.
    """

    def __init__(self, folder: RunFolder, *, data: Dataset | None = None) -> None:
        self.folder = folder
        self._layers: dict[int, Layers] = {}  # small records, asked for by report, findings and table
        if data is not None:
            self.data = data

    def __repr__(self) -> str:
        test = self.test
        accuracy = f", test accuracy {test['accuracy']:.4f}" if test else ""
        return f"<Run {self.path.name}: {self.folder.status}, {len(self.history)} epochs{accuracy}>"

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def config(self) -> dict[str, Any]:
        """Every setting of the training, resolved."""
        return dict(self.folder.manifest["config"])

    @property
    def test(self) -> dict[str, float] | None:
        """Loss and accuracy on the test samples at the end, or None while there is no end."""
        return self.folder.manifest.get("test")

    @property
    def history(self) -> History:
        """Metrics of every finished epoch."""
        return History(self.folder.history())

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers."""
        return tuple(self.folder.manifest["dataset"]["class_names"])

    @cached_property
    def split(self) -> Split:
        """Which sample belongs to train, val and test."""
        return Split.from_record(self.folder.manifest["split"])

    @cached_property
    def data(self) -> Dataset:
        """The dataset, loaded again from where it came.

        Raises:
            DataError: It cannot be loaded again, or has changed since.
        """
        record = self.folder.manifest["dataset"]
        if record["origin"]["kind"] == "arrays":
            raise DataError(
                f'the dataset "{record["name"]}" was made from arrays, which a run folder does not keep',
                got=f"{self.path.name} opened without it",
                hint="open the run with open_run(path, data=...) and the same arrays",
            )
        return _same(load_dataset(record["origin"].get("path") or record["origin"]["name"]), record["sha256"])

    def model(self, *, epoch: int = -1) -> "keras.Model":
        """A Keras model with the weights after an epoch: ``summary()``, ``layers``, ``predict()``, ``get_weights()``.

        Raises:
            UnknownNameError: There is no snapshot of that epoch.
        """
        from cutaway.models import model_from_spec, require_jax, set_weights

        require_jax()
        model = model_from_spec(dict(self.folder.manifest["model"]))
        set_weights(model, self.folder.snapshot(epoch))
        return model

    def activations(
        self, layer: str, *, split: str = "test", epoch: int = -1, progress: ProgressOption = False
    ) -> np.ndarray:
        """Activations of a layer in evaluation, float32 ``(sample, unit)``.

        Args:
            layer: Name of the layer.
            split: "train", "val", "test" or "all" (in that order).
            epoch: Number of the epoch.
            progress: True draws a bar, False is silent, a callable gets `Progress` records.

        Raises:
            UnknownNameError: There is no such layer, split or epoch.
        """
        from cutaway.interpret import activations

        x = self.data.rows(self.split.part(split))
        with show_progress(progress) as on_progress:
            return activations(self.model(epoch=epoch), layer, x=x, scale=self.data.scale, on_progress=on_progress)

    def predictions(self, *, split: str = "test", epoch: int = -1) -> np.ndarray:
        """Probabilities in evaluation, float32 ``(sample, class)``."""
        from cutaway.models import class_probabilities, forward

        model = self.model(epoch=epoch)
        return class_probabilities(model, forward(model, self.data.rows(self.split.part(split)), scale=self.data.scale))

    def labels(self, *, split: str = "test") -> np.ndarray:
        """The class of each sample, int64 ``(sample,)``."""
        return self.data.y(self.split.part(split))

    def layers(self, *, epoch: int = -1, progress: ProgressOption = False) -> "Layers":
        """What each layer is and holds after an epoch, and how many of its units never fire on the whole dataset.

        Returns:
            A tuple of `LayerRecord`; ``to_pandas()`` is a table, one row a layer.
        """
        from cutaway.interpret import layer_records

        from .layers import Layers

        epoch = self.folder.resolve_epoch(epoch)
        if epoch not in self._layers:
            x = self.data.rows(self.split.part("all"))
            with show_progress(progress) as on_progress:
                model = self.model(epoch=epoch)
                self._layers[epoch] = Layers(layer_records(model, x=x, scale=self.data.scale, on_progress=on_progress))
        return self._layers[epoch]

    def confusion(self, *, split: str = "test", epoch: int = -1) -> np.ndarray:
        """Counts, int64 ``(true class, predicted class)``."""
        from cutaway.metrics import confusion_counts

        predicted = self.predictions(split=split, epoch=epoch).argmax(axis=1)
        return confusion_counts(self.labels(split=split), predicted, classes=self.data.classes)

    def mistakes(self, n: int = 24, *, split: str = "test", epoch: int = -1) -> "Mistakes":
        """The `n` most confident wrong answers, the worst first; positions are rows of the split."""
        from cutaway.metrics import worst_mistakes

        return worst_mistakes(self.predictions(split=split, epoch=epoch), self.labels(split=split), n=n)

    def findings(self, *, progress: ProgressOption = False) -> "tuple[Finding, ...]":
        """What a person should look at, most important first."""
        from cutaway.findings import run_checks

        from .evidence import evidence_of

        return run_checks(evidence_of(self, confusion=self.confusion(), layers=self.layers(progress=progress)))

    def report(self, path: str | Path | None = None, *, progress: ProgressOption = True) -> Path:
        """Write everything about the run into one HTML file that works from disk with the network off.

        Args:
            path: Where; report.html in the run folder if None.
            progress: True draws bars, False is silent, a callable gets `Progress` records.

        Returns:
            The file's path.

        Raises:
            UsageError: The file cannot be written.
        """
        from cutaway.runs import write_atomic

        from .report import report_html

        target = Path(path) if path is not None else self.path / REPORT
        if target.is_dir() or not target.parent.is_dir():
            raise UsageError(
                "a report needs the name of a file in a folder that exists",
                got=f'"{target}"',
                hint="name a file such as report.html, and make its folder first",
            )
        with show_progress(progress) as on_progress:
            page = report_html(self, on_progress=on_progress)
        try:
            write_atomic(target, page.encode())
        except OSError as error:
            raise UsageError(
                "a report needs a file that can be written", got=f"{error.strerror}: {target}", hint="name another file"
            ) from error
        return target


def open_run(path: str | Path, *, data: Dataset | None = None, runs: str | Path = RUNS) -> Run:
    """Open a run folder, finished or not.

    Args:
        path: The folder, its name in `runs`, or "latest".
        data: The dataset, where it came from arrays.
        runs: Folder in which names are looked up.

    Raises:
        UnknownNameError: There is no such run.
        RunError: It is damaged.
        DataError: `data` is not what the run was trained on.
    """
    folder = find_run(path, runs=runs)
    if data is not None:
        _same(data, folder.manifest["dataset"]["sha256"])
    return Run(folder, data=data)


def _same(data: Dataset, sha256: str) -> Dataset:
    if data.sha256 != sha256:
        raise DataError(
            f"the run was trained on data with SHA-256 {sha256[:12]}...",
            got=f"{data.sha256[:12]}... from {data.name}",
            hint="open it with the data it was trained on",
        )
    return data
