"""What a person should look at.

In come plain records: the rows of a history, class numbers, probabilities, counts. Out go measures (`Overfitting`,
`Confusion`, `Mistakes`) and `Finding` records, which say in a sentence with numbers what was found. The room may call
numpy, scikit-learn and `cutaway.errors`; it knows no run, no model and no figure.
"""

from .diagnosis import Finding, diagnose

__all__ = [
    "Finding",
    "diagnose",
]
