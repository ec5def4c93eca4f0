"""The exact linear regions and decision boundaries of a piecewise linear network on a plane.

In come a built model, a plane through its inputs and a convex polygon of it; out go convex polygons as arrays. May call
what `cutaway.interpret` may, and its graph.
"""

from .deciding import PlaneDecisions, plane_decisions
from .dividing import LinearRegions, linear_regions
from .polygons import polygon_areas, polygon_distances, polygon_entries

__all__ = [
    "LinearRegions",
    "PlaneDecisions",
    "linear_regions",
    "plane_decisions",
    "polygon_areas",
    "polygon_distances",
    "polygon_entries",
]
