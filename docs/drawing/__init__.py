"""Draws the pictures of the settings page; `docs/settings.py` runs it."""
