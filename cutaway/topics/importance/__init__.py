"""Importance: which columns of a table a model needs."""
