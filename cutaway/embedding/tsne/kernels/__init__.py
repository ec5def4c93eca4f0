"""The compiled loops of t-SNE, each over a range of rows, so that threads can share them.

In come arrays and a range of rows; out come values written into rows of the caller's arrays. May call
`cutaway.neighbors` for the decorator that compiles and caches them. Loading one of these files loads Numba.
"""
