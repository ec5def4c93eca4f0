"""Findings: what a person should look at, from everything that is known of a run or of data."""
