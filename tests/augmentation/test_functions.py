"""Functions of the user that change images."""

import subprocess
import sys

import numpy as np
import pytest

import cutaway as ct
from cutaway.augmentation import as_augmentation
from cutaway.errors import CutawayWarning, DataError, UsageError

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def add_noise(image, random):
    return image + random.integers(0, 5, image.shape)


def upside_down(image, random):
    return image[::-1]


def test_a_function_gets_each_image_and_a_generator_of_its_own():
    changed = ct.Augmentation(function=add_noise).apply(IMAGES, seed=3)
    noise = changed.astype(int) - IMAGES
    assert changed.dtype == np.uint8
    assert noise.min() == 0
    assert noise.max() == 4
    assert len({each.tobytes() for each in noise}) == 5
    rows = as_augmentation(add_noise).rows(IMAGES, seed=3, epoch=0)
    np.testing.assert_array_equal(rows[np.array([[4, 0]])][0], changed[[4, 0]])  # in any order
    assert (ct.Augmentation(function=add_noise).apply(IMAGES, seed=3, epoch=1) != changed).any()


def test_it_is_called_after_the_other_changes():
    turned = ct.Augmentation(rotation=90).apply(IMAGES)
    both = ct.Augmentation(rotation=90, function=upside_down).apply(IMAGES)
    np.testing.assert_array_equal(both, turned[:, ::-1])


def test_it_cannot_change_the_data_and_what_it_returns_is_rounded():
    def third(image, random):
        image[:] = image / 3
        return image / 1.0 + 0.6

    images = IMAGES.copy()
    changed = ct.Augmentation(function=third).apply(images)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(changed, IMAGES // 3 + 1)


def test_float_and_color_images_keep_their_type_and_shape():
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 3)).astype(np.float32)
    changed = ct.Augmentation(function=upside_down).apply(x)
    assert changed.dtype == np.float32
    np.testing.assert_array_equal(changed, x[:, ::-1])


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (lambda image: image[:2], "uint8 of shape (2, 3) from change"),
        (lambda image: image * 100.0, "float64 from 0 to 1100"),
        (lambda image: image - 1.0, "float64 from -1 to 10"),
        (lambda image: image * np.nan, "float64 from nan to nan"),
        (lambda image: None, "object of shape () from change"),
        (lambda image: [["a"] * 3] * 4, "<U1 of shape (4, 3) from change"),
    ],
    ids=["smaller", "too large", "negative", "no numbers", "nothing", "text"],
)
def test_what_is_no_image_is_refused(returned, got):
    def change(image, random):
        return returned(image)

    with pytest.raises(DataError, match="returns uint8 of shape") as refused:
        ct.Augmentation(function=change).apply(IMAGES)
    assert got in str(refused.value)


def test_an_error_of_the_function_is_its_own():
    def fail(image, random):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ct.Augmentation(function=fail).apply(IMAGES)


def test_names_are_needed_and_kept():
    with pytest.raises(UsageError, match="has a name"):
        ct.Augmentation(function=lambda image, random: image)
    for wrong in ("a b", "os.system", "x" * 101, 5):
        with pytest.raises(UsageError, match="a function of an image and a random generator"):
            ct.Augmentation(function=wrong)
    augmentation = ct.Augmentation(rotation=10, function=upside_down)
    assert str(augmentation) == "rotation=10, function=upside_down"
    assert as_augmentation(str(augmentation)) == augmentation


def test_classes_that_it_changes_are_warned_of(tmp_path):
    with pytest.warns(CutawayWarning, match="with function=upside_down, "):
        ct.train(ct.mlp((8,)), "digits", augment=upside_down, epochs=1, runs=tmp_path, progress=False)


PROGRAM = """
import sys
import numpy as np, cutaway as ct
from cutaway.errors import Canceled, UsageError

def roll(image, random):
    return np.roll(image, random.integers(-1, 2), axis=1)

def stop(progress):
    if progress.task == "training" and "epoch 2" in progress.note:
        raise Canceled("work goes on", got="a request", hint="resume")

task, folder = sys.argv[1:]
if task == "begin":
    for name, progress in (("whole", False), ("half", stop)):
        try:
            ct.train(ct.mlp((8,)), "digits", augment=roll, epochs=3, runs=folder, name=name, progress=progress)
        except Canceled:
            pass
if task == "knowing":
    ct.Augmentation(function=roll)
if task != "begin":
    try:
        print(ct.resume(folder, progress=False))
    except UsageError as error:
        print(error)
"""


def test_a_training_is_resumed_where_the_function_is_made_and_refused_where_it_is_not(tmp_path):
    """Snapshots of a training that another process resumed are those of one that was never stopped."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)

    def call(task, folder):
        done = subprocess.run([sys.executable, script, task, folder], capture_output=True, text=True, check=True)
        return done.stdout

    call("begin", tmp_path / "runs")
    whole, half = (next((tmp_path / "runs").glob(f"*-{name}-*")) for name in ("whole", "half"))
    assert call("ignorant", half).startswith(
        "a function that changes images is made by the process that calls it; got "
        '"roll", which this process did not make; next: define it'
    )
    assert "finished, 3 epochs" in call("knowing", half)
    snapshots = [sorted((run / "snapshots").iterdir()) for run in (whole, half)]
    assert [path.name for path in snapshots[0]] == [path.name for path in snapshots[1]]
    assert len(snapshots[0]) > 2
    for one, other in zip(*snapshots, strict=True):
        assert one.read_bytes() == other.read_bytes()
    run = ct.open_run(whole)  # the report leaves out what this process cannot show
    assert 'id="augmented"' not in run.report(tmp_path / "report.html", progress=False).read_text()
