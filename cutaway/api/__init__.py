"""The verbs a user calls, and `Run`, the object a user holds.

In come what a user types; out go runs, arrays, figures and files. Everything here hands arrays from one room to the
next and computes nothing itself. May call every room but the command line; Keras is loaded only when weights are
needed.
"""
