"""Confidence: calibration, coverage and thresholds.

Whatever is chosen, a temperature or a threshold, is chosen on validation samples and checked on others.
"""
