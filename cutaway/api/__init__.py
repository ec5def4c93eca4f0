"""The verbs a user calls, and `Run`, the object a user holds.

In come what a user types; out come runs, records, arrays, figures and files. Imports inside the room go one way:
context <- analyses <- report <- run <- train. Algorithms live in the rooms below: this room hands arrays from one to
the next, and computes only what is about the answer, such as an order of rows or a table. May call every room but the
command line; Keras is loaded only when weights are needed.
"""
