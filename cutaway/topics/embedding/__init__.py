"""Embeddings of layers: two coordinates a sample, of one layer or of a sequence over epochs or layers."""
