"""Confidence: calibration, coverage, thresholds and confused pairs of classes.

Whatever is chosen, a temperature or a threshold, is chosen on validation samples and checked on others.
"""
