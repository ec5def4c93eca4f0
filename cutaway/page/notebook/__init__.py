"""The explorer as a widget in a notebook.

In comes an `Explorer`; out comes a widget by anywidget, which shows the modules of the page in the output of a cell.
Its arrays travel as bytes, and its selection comes back as a table. Only `widget.py` knows anywidget, which is an extra
and is imported when the first widget is made.
"""
