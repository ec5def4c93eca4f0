"""Whether more data would help."""
