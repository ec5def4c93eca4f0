"""How different two colors are for an eye, from the published formulas."""

import numpy as np

DEFICIENCIES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""What each eye makes of linear sRGB.

Source: Machado, Oliveira, Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency",
    severity 1.0.
"""

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(color):
    """A hex color as linear sRGB, float64 (3,) in 0..1."""
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """The contrast of two hex colors, 1..21, as WCAG 2 defines it."""
    low, high = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] + 0.05 for color in (a, b))
    return high / low


def lab(color, eyes="normal"):
    """A hex color in CIELAB under D65, as these eyes see it."""
    seen = np.clip(np.asarray(DEFICIENCIES[eyes]) @ linear(color), 0, 1)
    x, y, z = (
        value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116 for value in _XYZ @ seen / _WHITE
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def oklab_chroma(color):
    """The chroma of a hex color in OKLab (Ottosson 2020)."""
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    cones = np.cbrt(np.array(to_cones) @ linear(color))
    return float(
        np.hypot(
            *(
                np.array([[1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]])
                @ cones
            )
        )
    )


def ciede2000(first, second):
    """The color difference of two colors in CIELAB.

    Source: Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula", equations 2 to 22.
    """
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue_difference = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    if c1 * c2 == 0:
        hue = h1 + h2
    elif abs(h1 - h2) <= 180:
        hue = (h1 + h2) / 2
    else:
        hue = (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    t = 1 + sum(height * np.cos(np.radians(times * hue + shift)) for height, times, shift in waves)
    rotation = (
        -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    )
    in_l = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2))
    in_c = (c2 - c1) / (1 + 0.045 * chroma)
    in_h = hue_difference / (1 + 0.015 * chroma * t)
    return float(np.sqrt(in_l**2 + in_c**2 + in_h**2 + rotation * in_c * in_h))
