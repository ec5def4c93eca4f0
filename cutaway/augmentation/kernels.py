"""The compiled part of augmentation: where each pixel of a changed image comes from."""

import numpy as np

from cutaway.neighbors import U, kernel

# Weyl sequence and finalizer of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
GOLDEN, MIX1, MIX2 = U(0x9E3779B97F4A7C15), U(0xBF58476D1CE4E5B9), U(0x94D049BB133111EB)
# Control points of the elastic movement are this share of the shorter side apart. Their cubic B-splines are close to a
# Gaussian of 0.58 times that: 5 pixels of 28, between the 4 of Simard 2003 and the 6 of Ciresan 2010.
SPACING = 0.31
# Root mean square of a sum of cubic B-splines over both axes with weights even in -1..1: 0.479 / sqrt(3).
SPLINE_DEVIATION = 0.2767


@kernel(inner=True)
def _mixed(value):
    value = (value ^ (value >> U(30))) * MIX1
    value = (value ^ (value >> U(27))) * MIX2
    return value ^ (value >> U(31))


@kernel(inner=True)
def _even(bits):
    """A number that is even in -1..1."""
    return np.float32((bits >> U(40)) * (2.0 / 2.0**24) - 1.0)


@kernel(inner=True)
def _spline_weights(at, weights):
    """The four weights of a cubic B-spline at 0..1 between its second and third control point."""
    rest = np.float32(1) - at
    weights[0] = rest * rest * rest / np.float32(6)
    weights[1] = (np.float32(4) + at * at * (np.float32(3) * at - np.float32(6))) / np.float32(6)
    weights[2] = (np.float32(4) + rest * rest * (np.float32(3) * rest - np.float32(6))) / np.float32(6)
    weights[3] = at * at * at / np.float32(6)


@kernel(inner=True, fastmath=True)
def _draw_elastic(state, size, spacing, offset, points, between, across):
    """Draw a smooth movement: splines whose control points move at random.

    Args:
        state: uint64, of the generator.
        size: The largest movement of a control point, in pixels.
        spacing: Pixels from one control point to the next.
        offset: Where the first pixel is between two of them, 0..1.
        points: float32 (2, row, column), written: the movement of each control point along both axes.
        between: float32 (2, height, column), written: the same, at each row of the image.
        across: float32 (column, padded width), written: the weight of each column of control points at each pixel.
    """
    _, rows, columns = points.shape
    part = np.empty(4, np.float32)
    for axis in range(2):
        for i in range(rows):
            for j in range(columns):
                state += GOLDEN
                points[axis, i, j] = _even(_mixed(state)) * size
    for i in range(between.shape[1]):
        at = np.float32(i) / spacing + offset
        first = int(at)
        # rounding may put the last pixel one point further than there is one
        first = first if first < rows - 4 else rows - 4
        _spline_weights(at - np.float32(first), part)
        for axis in range(2):
            for j in range(columns):
                between[axis, i, j] = (
                    part[0] * points[axis, first, j]
                    + part[1] * points[axis, first + 1, j]
                    + part[2] * points[axis, first + 2, j]
                    + part[3] * points[axis, first + 3, j]
                )
    across[:] = 0
    for j in range(across.shape[1]):
        at = np.float32(j) / spacing + offset
        first = int(at)
        first = first if first < columns - 4 else columns - 4  # further pixels only fill a vector
        _spline_weights(at - np.float32(first), part)
        for k in range(4):
            across[first + k, j] = part[k]


@kernel(fastmath=True)
def warp(images, numbers, key, limits, out):
    """Change images at random.

    Args:
        images: uint8 or float32 (image, height, width, channel), sides of 2 pixels or more.
        numbers: int64 (image,): what happens to an image depends on its number and the key alone.
        key: uint64.
        limits: float32 (9,): shift, rotation in radians, scale, shear, elastic, crop, whether flipped horizontally,
            whether vertically (0 or 1), brightness.
        out: Images of the same shape and type, to write into.
    """
    count, height, width, channels = images.shape
    shift, rotation, scale, shear, elastic, crop, horizontal, vertical, brightness = limits
    one, half = np.float32(1), np.float32(0.5)
    last_x, last_y = np.float32(width - 1), np.float32(height - 1)
    middle_x, middle_y = last_x * half, last_y * half
    side = height if height < width else width
    spacing = np.float32(SPACING * side if SPACING * side > 2 else 2.0)
    rows, columns = int(last_y / spacing) + 5, int(last_x / spacing) + 5
    padded = (width + 15) // 16 * 16  # whole vectors, or a seventh of 28 pixels would be computed one by one
    points, between = np.empty((2, rows, columns), np.float32), np.empty((2, height, columns), np.float32)
    across = np.zeros((columns, padded), np.float32)
    xs, ys, places = np.empty(padded, np.float32), np.empty(padded, np.float32), np.empty(padded, np.int64)
    # float32 pixels are gathered by vectors, bytes are not
    plane, row = np.empty(height * width * channels, np.float32), np.empty(padded * channels, np.float32)
    drawn = np.empty(13, np.float32)
    flat, written, is_bytes = images.reshape(count, -1), out.reshape(count, -1), out.itemsize == 1
    for n in range(count):
        state = _mixed(_mixed(U(numbers[n]) + key) + GOLDEN)
        for d in range(len(drawn)):
            state += GOLDEN
            drawn[d] = _even(_mixed(state))
        cos, sin = np.cos(drawn[0] * rotation), np.sin(drawn[0] * rotation)
        cut = crop * (drawn[1] + one) * half
        wide, high = np.exp(drawn[2] * scale) * (one - cut), np.exp(drawn[3] * scale) * (one - cut)
        slant = drawn[4] * shear
        to_x = middle_x + drawn[5] * shift * np.float32(width) + drawn[6] * cut * half * last_x
        to_y = middle_y + drawn[7] * shift * np.float32(height) + drawn[8] * cut * half * last_y
        mirror_x = -one if horizontal > 0 and drawn[9] > 0 else one
        mirror_y = -one if vertical > 0 and drawn[10] > 0 else one
        factor = one + drawn[11] * brightness
        if elastic > 0:
            size = elastic * np.float32(side / SPLINE_DEVIATION)
            # the grid begins anywhere between two of its points: no pixel is always on one
            _draw_elastic(state, size, spacing, (drawn[12] + one) * half, points, between, across)
        for p in range(len(plane)):
            plane[p] = flat[n, p]
        for i in range(height):
            v = (np.float32(i) - middle_y) * mirror_y
            for j in range(padded):
                u = (np.float32(j) - middle_x) * mirror_x
                xs[j] = (cos * u - sin * v) * wide + slant * v + to_x
                ys[j] = (sin * u + cos * v) * high + to_y
            if elastic > 0:
                # all control points, most with weight 0: loops without jumps are vectorized
                for k in range(columns):
                    sideways, along = between[0, i, k], between[1, i, k]
                    for j in range(padded):
                        xs[j] += across[k, j] * sideways
                        ys[j] += across[k, j] * along
            for j in range(padded):
                x = xs[j] if xs[j] > 0 else np.float32(0)
                y = ys[j] if ys[j] > 0 else np.float32(0)
                x, y = x if x < last_x else last_x, y if y < last_y else last_y
                left, top = np.int32(x), np.int32(y)
                left = left if left < width - 1 else np.int32(width - 2)
                top = top if top < height - 1 else np.int32(height - 2)
                places[j] = top * width + left
                xs[j], ys[j] = x - np.float32(left), y - np.float32(top)
            for c in range(channels):
                for j in range(padded):
                    at = U(places[j]) * U(channels) + U(c)
                    below = at + U(width * channels)
                    upper = plane[at] + xs[j] * (plane[at + U(channels)] - plane[at])
                    lower = plane[below] + xs[j] * (plane[below + U(channels)] - plane[below])
                    row[U(j) * U(channels) + U(c)] = (upper + ys[j] * (lower - upper)) * factor
            begin = i * width * channels
            for p in range(width * channels):
                value = row[p] + half if is_bytes else row[p]
                written[n, begin + p] = np.float32(255) if is_bytes and value > 255 else value
