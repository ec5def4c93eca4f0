"""What a model says of new samples, and why.

In come a `RunContext` and new samples as a user has them: tables, images or arrays. Out come `Predictions`, chunk by
chunk. May call `cutaway.topics.common` and the packages below topics.
"""
