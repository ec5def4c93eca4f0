"""Embeddings of layers: two coordinates a sample, of one layer or of a sequence over epochs or layers."""

from .activations import layer_activations
from .embeddings import embed_layer, kept_embedding
from .film import Film
from .result import Embedding
from .sequence import EmbeddingSequence
from .sequences import embed_epochs, embed_layers

__all__ = [
    "Embedding",
    "EmbeddingSequence",
    "Film",
    "embed_epochs",
    "embed_layer",
    "embed_layers",
    "kept_embedding",
    "layer_activations",
]
