"""Suspect labels: found by models that were not trained on them, and a person's decisions on them.

In come a run or a dataset; out come `LabelIssues`, and decisions in the run's labels.csv. `cross_validation` says what
is trained, `folds` has it trained, here or on an engine of `cutaway.execution`, and `cutaway.findings.suspects` judges
what the models say. May call `cutaway.topics.common` and the packages below topics.
"""
