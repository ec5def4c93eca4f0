"""What can be asked about labels."""

from dataclasses import dataclass

from cutaway.options import Options, option

MOST = 100
"""Maximum number of folds, and of seeds."""


@dataclass(frozen=True, kw_only=True)
class LabelIssuesOptions(Options):
    """The options of ``cutaway label-issues``; `cutaway.Run.label_issues` explains the trainings."""

    output: str | None = option(None, "Write the list to this .csv, .parquet or .jsonl file.", flag="--output -o")
    images: str | None = option(None, "Draw the images of the first 50 label issues into this .png or .pdf file.")
    folds: int = option(5, "Number of parts; each is judged by models trained on the other parts.", least=2, most=MOST)
    seeds: int = option(3, "How often to repeat the check with different parts; fewer is faster.", least=1, most=MOST)
    epochs: int | None = option(None, "Epochs of each training.", least=1)
    limit: int = option(20, "Label issues to print; 0 for all. --json always prints all.", least=0)
