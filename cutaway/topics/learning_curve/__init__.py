"""Whether the model overfits, whether it memorized suspect labels, and whether more data would help."""
