"""How training went: Keras' metrics, one row per epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.errors import UnknownNameError
from cutaway.results.result import Result
from cutaway.results.table import Column, Table, columns_of, value
from cutaway.results.units import COUNT, Unit, decimals, share
from cutaway.words import UNDEFINED, counted, number, shown

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure, Panel


def _any(measured: Any) -> str:
    return number(measured, 4) if isinstance(measured, float) else UNDEFINED if measured is None else str(measured)


@dataclass(frozen=True)
class Epoch:
    """What training measures of an epoch, and, for programs, whether the model overfits."""

    epoch: int = value("Epoch", COUNT, "Number of the epoch, from 1.")
    loss: float = value("Loss", decimals(4), "Mean loss of the training samples, while they were trained on.")
    accuracy: float = value("Acc.", share(), "Share of them that were predicted correctly.")
    r2: float = value("R2", decimals(4), "Of numbers: share of their variance that is explained, in training.")
    val_loss: float = value("Val loss", decimals(4), "Mean loss of the validation samples after the epoch.")
    val_accuracy: float = value("Val acc.", share(), "Share of them that are predicted correctly.")
    val_r2: float = value("Val R2", decimals(4), "Of numbers: share of the variance of these samples.")
    learning_rate: float = value("LR", Unit("number", "{:.1e}".format), "Learning rate at the end of the epoch.")
    seconds: float = value("Seconds", decimals(2), "Seconds that the epoch took.")
    samples_per_second: float = value("Samples/s", COUNT, "Samples that were trained on per second.")
    val_cross_entropy: float = value(
        "Val cross-entropy", decimals(4), "Validation loss without label smoothing, in nats.", shown=False
    )
    gap: float = value("Gap", decimals(4), "Validation loss minus training loss.", shown=False)
    best_epoch: int = value("Best epoch", COUNT, "Epoch with the lowest validation loss so far.", shown=False)
    turned: bool = value(
        "Turned", Unit("truth", _any), "Whether the validation loss has risen since that epoch.", shown=False
    )
    rise_error: float = value(
        "Rise error", decimals(4), "Standard error of the rise of the cross-entropy since then.", shown=False
    )


@public
class History(Result):
    """Metrics of every finished epoch, as Keras' ``History`` names them.

    Attributes:
        rows: One mapping for each epoch: epoch, loss, accuracy or r2, val_loss, val_accuracy or val_r2,
            learning_rate, seconds, samples_per_second. For a user's own fit: its measures, None if one is not a finite
            number.
        history: Keras' form: name -> list of values, an entry per epoch.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = [dict(row) for row in rows]
        names = dict.fromkeys(name for row in self.rows for name in row)  # Keras may validate every second epoch only
        self.history = {name: [row.get(name) for row in self.rows] for name in names}

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return name in self.history

    def __getitem__(self, name: str) -> list[Any]:
        """The values of a metric, an entry per epoch.

        Raises:
            UnknownNameError: There is no such metric.
        """
        if name not in self.history:
            known = ", ".join(self.history) or "none, as no epoch has finished"
            raise UnknownNameError(
                f"no such metric: {shown(name)}; this history has {known}", hint=meant(name, self.history)
            )
        return self.history[name]

    def line(self) -> str:
        """A one-line summary."""
        if not self.rows:
            return "History: no epoch finished"
        last = self.rows[-1]
        names = [
            name
            for name in ("loss", "accuracy", "r2", "val_loss", "val_accuracy", "val_r2")
            if last.get(name) is not None
        ]
        shown = "  ".join(f"{name} {last[name]:.4f}" for name in names)
        return f"History: {counted(len(self), 'epoch')}; last: {shown}"

    def table(self) -> Table:
        """The metrics, one row for each epoch."""
        declared = {each.names[0]: each for each in columns_of(Epoch)}
        others = [
            Column((name,), name, Unit("value", _any), "", shown=False) for name in self.history if name not in declared
        ]
        known = [each for name, each in declared.items() if name in self.history]
        return Table((*known, *others), self.history)

    def tables(self) -> tuple[Table, ...]:
        """What training measures, one row for each epoch."""
        table = self.table()
        return (table,) if table.meanings() else ()

    def to_json(self) -> list[dict[str, Any]]:
        """The metrics, one mapping for each epoch."""
        return self.rows

    def to_pandas(self) -> "pandas.DataFrame":
        """The metrics as a pandas DataFrame, one row for each epoch."""
        import pandas

        return pandas.DataFrame(self.rows)

    @property
    def turned(self) -> int | None:
        """The epoch after which the validation loss rose; None if it did not, or was not measured in every epoch."""
        from cutaway.metrics import watch_overfitting

        losses = [row.get(name) for row in self.rows for name in ("loss", "val_loss")]
        if not losses or None in losses:
            return None
        watched = watch_overfitting(self.rows)
        return watched.best_epoch if watched.turned else None

    @staticmethod
    def lowest_loss(config: Mapping[str, Any], *, classes: int) -> float | None:
        """The lowest loss that label smoothing allows, in nats; None without label smoothing.

        Args:
            config: Training settings.
            classes: Number of classes.
        """
        smoothing = config.get("label_smoothing")
        if not smoothing or not 0 < smoothing < 1:
            return None
        from cutaway.training import lowest_loss

        return lowest_loss(smoothing, classes=2 if config.get("loss") == "binary_crossentropy" else classes)

    def panels(self) -> "list[Panel]":
        """Loss and accuracy, training against validation.

        Raises:
            DataError: No epoch has finished.
        """
        from cutaway.plots import learning_panels

        return learning_panels(self.rows, turned=self.turned)

    def _shown_figure(self) -> "Figure | None":
        return self.plot() if self.rows else None
