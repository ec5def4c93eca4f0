"""What the doctor can be asked for."""

from dataclasses import dataclass

from cutaway.options import option


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """The options of ``cutaway doctor``; `cutaway.doctor` explains them."""

    prove: bool = option(False, "Try the remedies: train again with and without them, and compare.")
    seeds: int = option(5, "Trainings on each side of a proof, with a seed each; 1 compares two trainings.", least=1)
    rules: bool = option(False, "Show the rule of each finding, and its source.")
