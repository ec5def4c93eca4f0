"""The exact linear regions and decision boundaries of a piecewise linear network on a plane.

In come a built model, a plane through its inputs and a convex polygon of it; out go convex polygons as arrays. May call
what `cutaway.interpret` may, and its graph.
"""

from .deciding import Decisions, decisions
from .dividing import LinearRegions, linear_regions
from .polygons import areas, distances, first_places

__all__ = ["Decisions", "LinearRegions", "areas", "decisions", "distances", "first_places", "linear_regions"]
