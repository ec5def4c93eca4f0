"""Mistakes: the most confident wrong predictions."""
