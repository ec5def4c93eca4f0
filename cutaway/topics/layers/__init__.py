"""Layers: what each is and holds, what it knows after each epoch, and how similar it is to others."""
