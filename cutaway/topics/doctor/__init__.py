"""The doctor: what is wrong with a run or with data, and tests of what would help.

In come a run or data; out comes a `Diagnosis` of findings, and of trainings from the same seed with their remedies.
May call `cutaway.api`, other topics and the packages below.
"""
