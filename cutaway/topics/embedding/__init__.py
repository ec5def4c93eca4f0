"""Embeddings of layers: two coordinates per sample, of one layer or of a sequence over epochs or layers."""
