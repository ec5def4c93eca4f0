"""Explanation: why the model predicts what it predicts for one sample."""
