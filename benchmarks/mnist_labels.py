"""Draw the 50 worst label issues of MNIST as a person judged them: docs/images/mnist-labels.png.

    python -m benchmarks.mnist_labels

The list is that of ``cutaway label-issues mnist`` (70,000 samples, 5 folds, 3 seeds). One of us looked at each picture,
four times enlarged, without looking at what others say of it, and wrote into results/mnist_labels.csv whether the label
is wrong, right, or whether a person cannot tell.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from matplotlib.figure import Figure

import cutaway as ct
from cutaway.plots.theme import BLUE, INK, MUTED, ORANGE

HERE = Path(__file__).parent
IMAGE = HERE.parent / "docs" / "images" / "mnist-labels.png"
COLORS = {"wrong": ORANGE, "unclear": MUTED, "right": BLUE}
COLUMNS = 10


def main() -> int:
    """Draw the picture and print the counts."""
    with open(HERE / "results" / "mnist_labels.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    data = ct.load_dataset("mnist")
    assert isinstance(data, ct.Dataset)
    figure = Figure(figsize=(9, 6.6), dpi=110, facecolor="#f6f5f1", layout="constrained")
    for axes, row in zip(figure.subplots(len(rows) // COLUMNS, COLUMNS).flat, rows, strict=True):
        source, place = row["sample"].rstrip("]").split("[")
        axes.imshow(data.sources[source].x[int(place)], cmap="gray_r")
        axes.set(xticks=[], yticks=[])
        color = COLORS[row["judgment"]]
        for spine in axes.spines.values():
            spine.set(color=color, linewidth=2.5 if row["judgment"] == "wrong" else 1)
        axes.set_title(f"{row['sample']}\n{row['given']} → {row['suggested']}?", fontsize=6.5, color=INK)
        axes.set_xlabel(row["judgment"], fontsize=7, color=color)
    figure.savefig(IMAGE)
    print(Counter(row["judgment"] for row in rows), IMAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
