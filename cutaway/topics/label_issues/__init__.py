"""Label issues: found by models that were not trained on them, and a person's decisions on them.

In come a run or a dataset; out come `LabelIssues`, and decisions in the run's labels.csv. `cross_validation` plans
the trainings, `folds` runs them, here or on an engine of `cutaway.execution`, and `cutaway.findings.label_issues`
scores the labels by their predictions. May call `cutaway.topics.common` and the packages below topics.
"""
