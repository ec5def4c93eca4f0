"""Where the first weights of a run come from, as run.json says it.

Both are written into run folders and compared when a run is resumed: they never change.
"""

DRAWN = "drawn from the seed"
"""They are a function of the seed alone, and can be made again."""

GIVEN = "as the model had them"
"""They came with the model; only a snapshot brings them back."""
