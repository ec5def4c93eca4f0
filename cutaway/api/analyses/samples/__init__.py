"""Single samples of a run: how each was learned, and which training samples an answer is owed to.

In comes a `RunContext`; out come records of samples, such as `SampleDynamics`. May call every room below `api`, and what
`cutaway.api.analyses` says of predictions and epochs.
"""
