"""What a user asks of a run, one package or module for each question.

A topic holds its options, its result, its computation from a `cutaway.context.RunContext` and its section of the
report: a change to calibration is a change in `cutaway.topics.confidence`. Algorithms live in the packages below,
which know arrays only. Topics do not know each other, but for those that gather: findings, comparison, doctor,
preflight, sweeps.
In comes a `RunContext`; out come results. May call `cutaway.context`, `cutaway.results` and the packages below; doctor,
preflight and sweeps, which train again, may call `cutaway.api`.
"""
