"""The plane through three samples with its linear regions and its decision boundary, as the user holds it."""

from dataclasses import dataclass, field, replace
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import TEXT, Unit, decimals, share

if TYPE_CHECKING:
    from cutaway.interpret import PlaneDecisions
    from cutaway.plots import Figure


def _place(u: float, v: float) -> str:
    return f"{u:.2f}, {v:.2f}"


def _bounded(distance: float | None, edge: float) -> str:
    """A distance, or what is known of it: beyond the edge of the window, a boundary may be nearer."""
    if distance is None or isnan(distance):
        return f"over {edge:.3f}"
    return f"{distance:.3f}" if distance <= edge else f"{edge:.3f} to {distance:.3f}"


def _changed(change: float | None) -> str:
    return "never" if change is None or isnan(change) else f"{change:.3f}"


BOUNDED = Unit("distance in the plane, or a range where it is not known exactly", _bounded)
PLACE = Unit("place on the plane, u and v", _place)
CHANGED = Unit("distance, or never", _changed)

SAMPLES = (
    column("sample", "Sample", TEXT, "Name of the sample."),
    column("u v", "Place", PLACE, "Where it is on the plane."),
    column("label", "Class", TEXT, "Its class."),
    column("predicted", "Predicted", TEXT, "The class that is predicted."),
    column(
        "distance edge",
        "Boundary",
        BOUNDED,
        "Distance to the nearest decision boundary in the window (distance), and to the edge of the window (edge): the "
        "former is exact for the plane if it is not larger.",
    ),
    column("beyond", "Beyond", TEXT, "The class beyond that boundary."),
)
"""Each sample, and how far it is from the decision boundary."""

WAYS = (
    column("sample", "From", TEXT, "The sample at which the straight line begins."),
    column("toward", "To", TEXT, "The sample at which it ends."),
    column("length", "Length", decimals(3), "Distance between the two samples."),
    column("change", "Changes at", CHANGED, "How far from the first sample the prediction changes for the first time."),
    column("becomes", "Becomes", TEXT, "The class that is predicted from there on."),
)
"""The straight way from each sample to each other one."""

AREAS = (
    column("label", "Class", TEXT, "Name of the class."),
    column("share", "Area", share(1), "Share of the window's area in which it is predicted."),
)
"""How the window is divided between the classes."""


@dataclass(frozen=True)
class PlaneSample:
    """One of the three samples. Distances are in prepared inputs: of images, pixels are from 0 to 1.

    Attributes:
        sample: Its name.
        u: Where it is on the plane.
        v: Where it is on the plane.
        label: Name of its class.
        predicted: Name of the class that is predicted.
        distance: Distance to the nearest boundary in the window; None where there is none. It is that of the whole
            plane if it is at most `edge`.
        beyond: Name of the class beyond that boundary, or None.
        edge: Distance to the edge of the window.
    """

    sample: str
    u: float
    v: float
    label: str
    predicted: str
    distance: float | None
    beyond: str | None
    edge: float


@dataclass(frozen=True)
class Way:
    """The straight way from one sample to another.

    Attributes:
        sample: Name of the sample at which it begins.
        toward: Name of the one at which it ends.
        length: Distance between them.
        change: How far from the first the prediction changes for the first time; None if it never does.
        becomes: Name of the class that is predicted from there on, or None.
    """

    sample: str
    toward: str
    length: float
    change: float | None
    becomes: str | None


@dataclass(frozen=True)
class ClassArea:
    """How much of the window is predicted as a class.

    Attributes:
        label: Name of the class.
        share: Share of the area, in (0, 1].
    """

    label: str
    share: float


@public
@dataclass(frozen=True, eq=False, repr=False)
class Regions(Result):
    """The exact linear regions and decision boundary on the plane through three samples, made by `Run.regions`.

    A place (u, v) of the plane is the prepared input ``plane[0] + u * plane[1] + v * plane[2]``, in which pixels are
    from 0 to 1.

    Attributes:
        samples: Each sample, with its place and its distance to the boundary.
        ways: The straight lines between them, with the place where the prediction first changes.
        areas: Share of the window in which each class is predicted, for the classes that are predicted.
        epoch: Number of the epoch.
        margin: Margin of the window on each side, as a share of the square that holds the samples.
        plane: float64 ``(3, *shape of a sample)``: the first sample, and two directions of length 1 at right angles.
        window: float64 ``(4, 2)``, corners of the square of the plane that was divided, counterclockwise.
        decisions: Its arrays: `regions`, float64 ``(region, corner, 2)``, the linear regions; `corners`, float64
            ``(polygon, corner, 2)``, and `classes`, int64 ``(polygon,)``, polygons with one predicted class each;
            `boundary`, float64 ``(piece, 2, 2)``, ends of the pieces of the decision boundary, and `between`, int64
            ``(piece, 2)``, the classes of each. Polygons are convex and counterclockwise, and repeat their last corner
            if they have fewer corners than others.
        class_names: Names of the classes.
        pictures: float32 ``(3, row, column[, 3])`` in 0..1, the samples; None if they are not images.
    """

    samples: tuple[PlaneSample, ...] = field(repr=False)
    ways: tuple[Way, ...] = field(repr=False)
    areas: tuple[ClassArea, ...] = field(repr=False)
    epoch: int
    margin: float
    plane: np.ndarray = field(repr=False)
    window: np.ndarray = field(repr=False)
    decisions: "PlaneDecisions" = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    pictures: np.ndarray | None = field(repr=False)

    @property
    def count(self) -> int:
        """Number of linear regions in the window."""
        return len(self.decisions.regions)

    def line(self) -> str:
        """A one-line summary."""
        names = ", ".join(each.sample for each in self.samples)
        head = f"Plane through {names} after epoch {self.epoch}: {self.count:,} linear region{'s' * (self.count != 1)}"
        known = [each for each in self.samples if each.distance is not None]
        if not known:
            return f"{head}; all of the window is predicted as {self.samples[0].predicted}"
        nearest = min(known, key=lambda each: each.distance or 0.0)
        distance = _bounded(nearest.distance, nearest.edge)
        return f"{head}; {nearest.sample} is {distance} from the boundary to {nearest.beyond}"

    def table(self) -> Table:
        """One row for each sample."""
        return Table.of(SAMPLES, [vars(each) for each in self.samples])

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal: the samples, the ways between them, and the areas of the classes."""
        unit = "model inputs" if self.pictures is None else "model inputs (pixels 0 to 1)"
        notes = [f"Boundary: distance in the plane, in {unit}. Off the plane the boundary may be closer."]
        if any(each.distance is None or each.distance > each.edge for each in self.samples):
            notes.append("A range means the boundary may be closer outside the window; try a larger margin.")
        by_area = sorted(self.areas, key=lambda each: -each.share)
        return (
            replace(self.table(), title=self.line().split("; ")[0], notes=tuple(notes)),
            Table.of(WAYS, [vars(each) for each in self.ways], title="Along the straight line"),
            Table.of(AREAS, [vars(each) for each in by_area], title="Area of the window"),
        )

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway regions --json`` answers: no polygons, of which there may be 100,000."""
        return plain(
            {"epoch": self.epoch, "margin": self.margin, "linear_regions": self.count, "window": self.window}
            | {name: getattr(self, name) for name in ("samples", "ways", "areas")}
        )

    def plot(self) -> "Figure":
        """Draw the window as a matplotlib Figure: classes, linear regions, decision boundary and samples."""
        from cutaway.plots import DrawnPlane, drawn_plane

        found = self.decisions
        return drawn_plane(
            DrawnPlane(
                title=self.line(),
                window=self.window,
                regions=found.regions,
                corners=found.corners,
                classes=found.classes,
                class_names=self.class_names,
                boundary=found.boundary,
                points=np.array([[each.u, each.v] for each in self.samples]),
                names=[each.sample for each in self.samples],
                texts=[_words(each) for each in self.samples],
                pictures=self.pictures,
            )
        )

    def _shown_figure(self) -> "Figure":
        return self.plot()


def _words(sample: PlaneSample) -> str:
    distance = _bounded(sample.distance, sample.edge)
    beyond = "no boundary in the window" if sample.beyond is None else f"{sample.beyond} at {distance}"
    return f"{sample.label}, predicted {sample.predicted}\n{beyond}"
