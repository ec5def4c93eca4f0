"""What a user calls, and `Run`, the object that a user holds: a method for each question.

In come what a user types; out come runs, results, arrays, figures and files. May call `cutaway.report`,
`cutaway.topics` and the packages below. Keras is loaded only when weights are needed.
"""
