"""Figures of single results, for notebooks: bars, matrices, images with bars next to them, lists and films.

In come arrays and plain text; out go matplotlib figures and films. May call the other modules of `cutaway.plots` and
`cutaway.errors`.
"""
