"""Digits as strokes of a pen, of varied size, place, slant, width and shape, which tests draw on the page's pad."""

import numpy as np

Strokes = list[np.ndarray]
"""Of each stroke its points, float64 (point, 2), x to the right and y down, of 1 for a side of the sheet."""

SHAPES = {
    0: (
        "55 0  15 15  0 50  15 87  50 100  85 85  100 50  87 13  55 0",
        "70 5  30 5  3 40  10 85  50 100  90 80  100 40  80 10  55 2",
    ),
    1: (
        "50 0  50 50  50 100",
        "15 25  35 13  50 0 / 50 0  50 50  50 100",
    ),
    2: (
        "5 25  25 3  65 2  90 25  75 50  40 75  0 100 / 0 100  100 97",
        "5 20  40 0  85 12  90 40  50 75  5 97 / 5 97  95 100",
    ),
    3: (
        "5 12  40 0  85 10  85 35  40 47 / 40 47  90 58  95 85  50 100  0 88",
        "0 5  85 0 / 85 0  35 42 / 35 42  90 52  95 83  50 100  0 90",
    ),
    4: (
        "60 0  30 35  0 65 / 0 65  100 62 / 75 30  72 100",
        "10 0  5 25  5 50 / 5 50  90 48 / 85 0  85 50  82 100",
    ),
    5: (
        "90 0  20 2 / 20 2  12 42 / 12 42  55 36  95 55  90 85  50 100  0 90",
        "20 2  15 42 / 15 42  60 40  95 65  75 95  35 100  2 88 / 20 2  95 0",
    ),
    6: (
        "75 0  35 20  8 55  15 88  50 100  88 88  92 65  60 50  25 58  10 75",
        "50 0  20 30  5 65  20 95  60 100  95 80  80 57  45 53  12 70",
    ),
    7: (
        "0 2  100 0 / 100 0  65 45  40 100",
        "0 8  50 4  95 0 / 95 0  60 50  45 100 / 25 50  90 48",
    ),
    8: (
        "85 12  50 0  15 12  20 35  50 48  90 65  85 92  50 100  10 90  10 65  50 47  82 30  85 12",
        "50 46  15 30  25 5  65 0  88 20  50 46  8 70  20 97  65 100  95 80  50 46",
    ),
    9: (
        "88 20  60 2  20 8  3 32  30 52  70 42  90 18 / 90 18  87 60  70 100",
        "90 10  50 0  10 15  10 42  50 50  85 30  90 10 / 90 10  92 60  75 92  30 100",
    ),
}
"""Two ways to write each digit: strokes of points, x and y in percent of a box; more than two are on a curve."""

POINTS = 6
"""Points of a curve between two that are given."""


def scripted_digit(digit: int, generator: np.random.Generator) -> Strokes:
    """Draw a digit as nobody else does.

    Args:
        digit: 0 to 9.
        generator: Draws how it is written, its size (0.15 to 0.9 of the sheet), width over height (0.45 to 0.9; of a 1
            without a serif it is nothing), place on the sheet, slant (-0.3 to 0.4), turn (8 degrees to each side) and
            how much its points are shaken.
    """
    text = SHAPES[digit][generator.integers(len(SHAPES[digit]))]
    shape = [[tuple(map(float, point.split())) for point in stroke.split("  ")] for stroke in text.split(" / ")]
    size, aspect = generator.uniform(0.15, 0.9), generator.uniform(0.45, 0.9)
    slant, turn = generator.uniform(-0.3, 0.4), np.radians(generator.uniform(-8, 8))
    shaken = {point: np.array(point) / 100 + generator.normal(0, 0.025, 2) for stroke in shape for point in stroke}
    slanted = np.array([[aspect, 0], [-slant, 1]])  # of rows (x, y)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    strokes = [_curve(np.array([shaken[point] for point in stroke])) @ slanted @ turned for stroke in shape]
    low, high = (edge([edge(stroke, axis=0) for stroke in strokes], axis=0) for edge in (np.min, np.max))
    scale = size / max(high - low)
    room = 1 - scale * (high - low)
    corner = generator.uniform(0.04, 0.96, 2) * room
    return [(stroke - low) * scale + corner for stroke in strokes]


def _curve(points: np.ndarray) -> np.ndarray:
    """A curve through some points (Catmull-Rom), or the line between two."""
    if len(points) == 2:
        return points
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, first, last, after = ends[:-3, None], ends[1:-2, None], ends[2:-1, None], ends[3:, None]
    t = np.linspace(0, 1, POINTS, endpoint=False)[:, None]
    found = first + t * (last - before) / 2
    found += t**2 * (2 * before - 5 * first + 4 * last - after) / 2 + t**3 * (3 * first - before - 3 * last + after) / 2
    return np.concatenate([found.reshape(-1, 2), points[-1:]])
