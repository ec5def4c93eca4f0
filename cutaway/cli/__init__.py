"""The command line: parse, call api, print; never compute.

In comes what a user types; out go tables for people or, with ``--json``, one JSON document on stdout. Progress and
errors go to stderr. Exit codes: 0 done, 1 the work failed, 2 the call was wrong, 3 a warning was found (preflight, and
doctor with --fail-on), 130 the user stopped it with Ctrl-C. May call api, data, runs, errors and progress, and loads
them inside commands, which keeps ``cutaway --help`` fast.
"""

from .main import main
