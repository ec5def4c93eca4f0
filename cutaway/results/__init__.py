"""What an answer looks like: results that are declared once, in numbers for programs and in words for people.

In come values; out come tables, JSON, texts and what a notebook shows. May call `cutaway.plots` and the packages below.
"""
