"""Figures of single results, for notebooks: bars, matrices, images with bars beside them, lists and films.

In come arrays and plain text; out go matplotlib figures, films, and HTML that shows a Bokeh figure without a network.
May call the other modules of `cutaway.plots` and `cutaway.errors`.
"""
