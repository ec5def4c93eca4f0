"""The compiled loops of t-SNE, each over a range of rows: threads can share them.

In come arrays and a range of rows; out come values written into these rows of the caller's arrays, or a sum over them.
May call numpy, numba and `cutaway.neighbors`, for the decorator that compiles kernels and keeps them on disk. Each
module loads Numba.
"""
