"""Live maps: the last hidden layer of a model that is being trained, after every epoch, while a page watches.

A process of low priority, which ends with the studio, computes them (`child`); `LiveMaps` tells it which runs are
watched, and keeps the last frames of each for the pages.
"""

from .maps import Frame, LiveMaps

__all__ = ["Frame", "LiveMaps"]
