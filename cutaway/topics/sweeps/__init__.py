"""Sweeps: many trainings with different settings; the best is chosen on validation samples.

`sweep` begins, continues and opens sweeps, `trials` does one trial, `material` is what all of them are trained on,
and `Sweep` is what a user holds.
"""
