"""The routes of the studio, one file for each thing that a person works with."""

from . import classroom, data, events, jobs, labels, pages, runs, trainings

ROUTERS = (
    *(events.router, runs.router, trainings.router, data.router),
    *(jobs.router, labels.router, classroom.router, pages.router),
)
"""All routes; the pages come last."""

unknown_page = pages.unknown_page
