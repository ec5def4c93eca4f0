"""Checks on the samples of a run: their inputs, labels and splits."""
