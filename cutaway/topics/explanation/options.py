"""What can be asked about one prediction."""

from dataclasses import dataclass

from cutaway.options import Options, epoch_option, option


@dataclass(frozen=True, kw_only=True)
class ExplanationOptions(Options):
    """The options of ``cutaway explain`` and of `compute`."""

    sample: str = option(
        words="A sample, such as test[7], or the name of a row of a table.", metavar="SAMPLE", argument=True
    )
    layer: str | None = option(None, "Units of this layer. Default: the values of the input.")
    influence: bool = option(False, "Add the training samples that raised and lowered its probability most.")
    limit: int = option(20, "Rows of each list to print; 0 for all. --json always prints all.", least=0)
    epoch: int | None = epoch_option()
