"""Embeddings of a run's layers: one of them, or a sequence over epochs or layers.

In comes a `RunContext`; out come `Embedding` and `EmbeddingSequence`. May call every room below `api`, and what
`cutaway.api.analyses` says of predictions and epochs.
"""
