"""How far a run's probabilities can be relied on: calibration, coverage, thresholds and confused pairs of classes.

In comes a `RunContext`; out come `Calibration`, `Coverage`, `Thresholds` and `ConfusedPairs`. Whatever is chosen, a
temperature or a threshold, is chosen on validation samples and checked on others. May call every room below `api`, and
what `cutaway.api.analyses` says of predictions and epochs.
"""
