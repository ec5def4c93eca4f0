"""What can be asked about new samples."""

from dataclasses import dataclass

from cutaway.options import epoch_option, option


def parse_temperature(text: str) -> float | str:
    """A temperature as it was typed: a number, or a word that is checked later."""
    try:
        return float(text)
    except ValueError:
        return text


@dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """The options of ``cutaway predict``; `cutaway.Run.examine` explains them."""

    output: str | None = option(
        None, "Write to this .csv, .jsonl or .parquet file; - is CSV to stdout.", flag="--output -o"
    )
    nearest: int = option(0, "Add the K training samples nearest in the last hidden layer.", metavar="K")
    explain: int = option(0, "Add the N inputs that contributed most.", metavar="N")
    distance: bool = option(False, "Add the distance to the training samples, and whether it is far.")
    temperature: float | str | None = option(
        None,
        'Temperature of the probabilities, or "fitted" to use the one fitted on validation samples.',
        metavar="T",
        parse=parse_temperature,
    )
    epoch: int | None = epoch_option()
