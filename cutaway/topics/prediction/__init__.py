"""What a model says of new samples, why, and the files that it is written to.

In come a `RunContext` and new samples as a user has them: tables, images or arrays. Out come `Predictions`, chunk by
chunk, or rows in a file. May call `cutaway.topics.common` and the packages below topics.
"""
