"""Single samples of a run: how each was learned, and which training samples an answer is owed to.

In comes a `RunContext`; out come `SampleDynamics` and `Influences`. May call every room below `api`, and what
`cutaway.api.analyses` says of predictions.
"""
