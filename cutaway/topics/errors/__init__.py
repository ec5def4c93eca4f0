"""Errors of predicted numbers: how large they are, where they are larger, and whether intervals hold the answers."""
