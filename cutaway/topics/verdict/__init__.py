"""Verdict: what a run is worth, what is wrong first, and what to do next."""
