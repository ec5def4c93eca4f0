"""The verbs a user calls, and `Run`, the object a user holds.

In come what a user types; out come runs, records, arrays, figures and files. Imports inside the room go one way:
context <- analyses <- report <- run <- train. Everything here hands arrays from one room to the next and computes
nothing itself. May call every room but the command line; Keras is loaded only when weights are needed.
"""
