"""Importing: untrusted model files, read without running anything in them.

In comes a path to a .keras or .h5 file; out comes a `ModelFile`, which describes the layers of the model and why any of
them is refused, and from it a Keras model built from our own list of layers. May call `cutaway.models` and errors.
"""
