#!/usr/bin/env python3
"""Makes the font of the pages from InterVariable.woff2 of Inter 4.1: ``.ci/font.py InterVariable.woff2``.

Needs fontTools and brotli. A page holds the font in base64, which may take at most 60 kB.
"""

import base64
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONT = Path(__file__).parents[1] / "cutaway/page/fonts/inter.woff2"

CHARACTERS = (
    "20-7E,A0-17F,"  # Latin
    "391-3A9,3B1-3C9,"  # Greek
    "2010-2015,2018-201E,2020-2022,2026,2032,2033,2039,203A,20AC,"  # punctuation
    "2190-2193,2202,2206,2211,2212,221A,221E,2248,2260,2264,2265,"  # arrows and mathematics
    "25A0,25B2,25BC,25BE,25CB,25CF,2713"  # shapes
)
FEATURES = ["kern", "tnum", "ccmp", "mark", "locl"]
"""tnum: digits of one width, for numbers in columns."""

font = TTFont(sys.argv[1])
options = subset.Options(layout_features=FEATURES, hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 5, 13, 14])
smaller = subset.Subsetter(options)
smaller.populate(unicodes=subset.parse_unicodes(CHARACTERS))
smaller.subset(font)
font = instantiateVariableFont(font, {"opsz": 14, "wght": (400, 700)})
font.flavor = "woff2"
font.save(FONT)
print(f"{FONT.stat().st_size:,} bytes, {len(base64.b64encode(FONT.read_bytes())):,} in a page")
