"""Old import paths: see `cutaway.topics`."""
