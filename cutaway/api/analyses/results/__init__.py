"""Results that draw and display themselves: a confusion matrix, similarities, findings, a unit, a film.

In come arrays and records that analyses computed; out come what users hold. They compute nothing. May call
`cutaway.api.display`, `cutaway.api.written` and the rooms below `api`.
"""
