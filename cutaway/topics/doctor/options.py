"""What the doctor can be asked for."""

from dataclasses import dataclass

from cutaway.options import option


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """The options of ``cutaway doctor``; `cutaway.doctor` explains them."""

    prove: bool = option(False, "Try the remedies: train again from the same seed, and compare.")
    rules: bool = option(False, "Show the rule of each finding, and its source.")
