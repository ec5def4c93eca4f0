"""Whether a run's model learned by heart, and whether more data would help: gap, memorized labels, learning curve.

In comes a `RunContext`; out come `Generalization`, `Memorization` and `LearningCurve`. May call every room below `api`,
`cutaway.api.weighting`, and what `cutaway.api.analyses` says of predictions and of confidence.
"""
