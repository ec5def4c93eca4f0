"""Samples: when each was learned, how often it was forgotten, and how a card shows it."""
