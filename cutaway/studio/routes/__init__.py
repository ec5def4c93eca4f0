"""The routes of the studio, one file for each thing that a person works with."""

from . import events, pages, runs

ROUTERS = (events.router, runs.router, pages.router)
"""All routes; those of the pages come last."""
