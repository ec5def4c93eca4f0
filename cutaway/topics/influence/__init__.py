"""Influence: which training samples an answer is owed to."""
