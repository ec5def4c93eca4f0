"""Two runs on the same samples: what each predicts, how sure their difference is, and how similar their layers are.

In come `PairedSamples`; out come a `Comparison`, and the CKA of all layers.
May call `cutaway.topics.common` and the packages below topics.
"""
