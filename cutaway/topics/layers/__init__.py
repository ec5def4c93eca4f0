"""Layers: what each is and holds, what it knows after each epoch, and how similar it is to others."""

from .measuring import LayerHistory, Layers, layer_history, layer_records, similarity

__all__ = ["LayerHistory", "Layers", "layer_history", "layer_records", "similarity"]
