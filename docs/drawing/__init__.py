"""What draws the pictures of the Knobs page; `docs/knobs.py` runs it."""
