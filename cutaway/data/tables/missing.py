"""What stands for a value that is not known."""

MISSING = ("", "-", "--", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "none")
"""Cells of text, in a file or in a frame, that stand for a value that is not known."""
