"""The routes of the studio, one file for each thing that a person works with."""

from . import data, events, live, pages, runs, trainings

ROUTERS = (events.router, runs.router, live.router, trainings.router, data.router, pages.router)
"""All routes; those of the pages come last."""
