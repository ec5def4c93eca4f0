"""Exporting: a trained model as the bytes of a file for other programs.

In comes a Keras model of supported layers, and what becomes of raw samples before it: plain data, as run.json keeps
it. Out come the bytes of a .keras file that plain Keras opens, or of an ONNX graph, with that preparation inside, or
the reason why it cannot be; and the operations that a page needs to compute a model (`to_operations`). May call
`cutaway.models` and errors; onnx is loaded when it is needed.
"""
