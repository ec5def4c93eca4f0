import numpy as np
import pytest

from cutaway.page import Explorer, LayerMap, SampleColumn, explorer_widget

from .notebook import Notebook

COUNT, EPOCHS, KEPT = 60, (0, 2, 4), 1
LABELS = np.arange(COUNT) % 3


def _layout(epoch):
    """Three columns of points, sample i in column i % 3 and row i // 3, the farther apart the later the epoch."""
    x = 0.5 + (LABELS - 1) * (0.1 + 0.15 * epoch)
    return np.rint(np.stack([x, (np.arange(COUNT) // 3 + 1) / 21], axis=1) * 65535).astype(np.uint16)


def _columns():
    predicted = np.stack([np.zeros(COUNT, int), np.where(np.arange(COUNT) < 30, LABELS, 0), LABELS])
    names = ("red", "green", "blue")
    weights = np.linspace(1, 2, COUNT)
    weights[3] = np.nan
    places = np.arange(COUNT) % 2
    places[0] = -1
    classes = {"kind": "category", "names": names, "palette": "classes"}
    wrong = tuple((predicted != LABELS).astype(int))
    confidence = tuple(np.linspace(0.2, 1, COUNT) * (1 + epoch) / 3 for epoch in range(3))
    return (
        SampleColumn(key="label", title="Label", values=(LABELS,), **classes),
        SampleColumn(key="predicted", title="Prediction", values=tuple(predicted), **classes),
        SampleColumn(
            key="right", title="Right", kind="category", values=wrong, names=("right", "wrong"), palette="right"
        ),
        SampleColumn(key="confidence", title="Confidence", kind="number", values=confidence),
        SampleColumn(key="column0", title="weight in kg", own=True, kind="number", values=(weights,)),
        SampleColumn(
            key="column1", title="place", own=True, kind="category", values=(places,), names=("here", "there")
        ),
        SampleColumn(
            key="column2", title="note", own=True, kind="text", values=(tuple(f"note {i}" for i in range(COUNT)),)
        ),
    )


@pytest.fixture(scope="session")
def record(colors):
    layers = (
        LayerMap(name="input", title="Input", detail="64 values", layouts=(_layout(0),)),
        LayerMap(name="dense", title="dense", detail="5 units", layouts=tuple(map(_layout, range(3)))),
    )
    return Explorer(
        name="explore",
        title="Samples",
        names=tuple(f"test[{i}]" for i in range(COUNT)),
        epochs=EPOCHS,
        kept=KEPT,
        columns=_columns(),
        layers=layers,
        layer=1,
        images=(np.arange(COUNT, dtype=np.uint8) * 2)[:, None, None] * np.ones((8, 8), np.uint8),
        neighbors=np.stack([(np.arange(COUNT) + k) % COUNT for k in (3, 6)], axis=1),
        neighbors_in="dense",
        colors=colors,
    )


@pytest.fixture
def widget(record):
    made = explorer_widget(record)
    yield made
    made.close()


@pytest.fixture
def open_notebook(browser):
    opened = []

    def open_one(**options):
        opened.append(Notebook(browser, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.context.close()
