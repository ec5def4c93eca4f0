"""Functions of the user that change images."""

import functools
import pickle
import re
import subprocess
import sys
import types

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

import cutaway as ct
from cutaway.augmentation import as_augmentation
from cutaway.errors import ConfigError, DataError, UsageError

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def add_noise(image, random):
    return image + random.integers(0, 5, image.shape, np.uint8)


def upside_down(image, random):
    return image[::-1]


def add_one_in_place(image, random):
    image += 1
    return image


def fail(image, random):
    raise ZeroDivisionError("mine")


def one_argument(image):
    return image


def returns(value):
    """A function that returns what another makes of an image, as if it were written at the top level."""

    def change(image, random):
        return value(image)

    change.__qualname__ = change.__name__
    return change


class Callable:
    def __call__(self, image, random):
        return image

    def method(self, image, random):
        return image


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


def test_it_cannot_change_the_data():
    images = IMAGES.copy()
    np.testing.assert_array_equal(ct.Augmentation(function=add_one_in_place).apply(images), IMAGES + 1)
    np.testing.assert_array_equal(images, IMAGES)


def test_float_and_color_images_keep_their_type_and_shape():
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 3)).astype(np.float32)
    changed = ct.Augmentation(function=upside_down).apply(x)
    assert changed.dtype == np.float32
    np.testing.assert_array_equal(changed, x[:, ::-1])
    halved = ct.Augmentation(function=returns(lambda image: image.astype(float) / 2)).apply(x)
    np.testing.assert_array_equal(halved, x / 2)


@pytest.mark.parametrize(
    "value",
    [
        lambda image: image[:2],
        lambda image: image / 255,
        lambda image: image.astype(int),
        lambda image: None,
        lambda image: [["a"] * 3] * 4,
        lambda image: [[1, 2], [3]],
        lambda image: np.ma.masked_less(image, 5),
    ],
    ids=["smaller", "scaled", "integers", "nothing", "text", "ragged", "masked"],
)
def test_what_is_no_image_is_refused(value):
    with pytest.raises(DataError, match=r"\(4, 3\)"):
        ct.Augmentation(function=returns(value)).apply(IMAGES)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(wrong):
    x = np.ones((2, 4, 3), np.float32)
    with pytest.raises(DataError):
        ct.Augmentation(function=returns(lambda image: image * wrong)).apply(x)


def test_an_error_of_the_function_is_its_own():
    with pytest.raises(ZeroDivisionError, match="mine"):
        ct.Augmentation(function=fail).apply(IMAGES)


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (lambda image, random: image, "<lambda>"),
        (functools.partial(upside_down), "functools.partial"),
        (Callable(), "Callable object"),
        (Callable().method, "Callable.method"),
        (Callable, "class"),
        ("a b", '"a b"'),
        ("os.system", '"os.system"'),
        (5, "5"),
    ],
)
def test_only_what_its_name_tells_is_taken(wrong, got):
    with pytest.raises(ConfigError, match=re.escape(got)):
        ct.Augmentation(function=wrong)


def test_a_function_inside_another_one_is_refused():
    def inside(image, random):
        return image

    with pytest.raises(ConfigError):
        ct.Augmentation(function=inside)


def test_it_takes_two_arguments():
    with pytest.raises(ConfigError):
        ct.Augmentation(function=one_argument)


def test_functions_of_one_name_are_those_of_one_module():
    first, other = (returns(lambda image: image) for _ in range(2))
    for function in (first, other):
        function.__name__ = function.__qualname__ = "of_one_name"
    before, again = ct.Augmentation(function=first), ct.Augmentation(function=other)
    assert before.function is first  # one that was made keeps its own
    assert as_augmentation("function=of_one_name") == again != before
    other = types.FunctionType(first.__code__, {"__name__": "another"}, "of_one_name", closure=first.__closure__)
    other.__qualname__, other.__module__ = "of_one_name", "another"
    with pytest.raises(ConfigError):
        ct.Augmentation(function=other)


def test_it_is_written_by_its_name_and_travels_by_it():
    augmentation = ct.Augmentation(rotation=10, function=upside_down)
    assert str(augmentation) == "rotation=10, function=upside_down"
    assert repr(augmentation) == "Augmentation(rotation=10, function=upside_down)"
    assert as_augmentation(str(augmentation)) == augmentation
    assert pickle.loads(pickle.dumps(augmentation)) == augmentation
    unknown = as_augmentation("function=nobody_made_this")
    assert str(unknown) == "function=nobody_made_this"
    with pytest.raises(ConfigError):
        unknown.apply(IMAGES)


@pytest.mark.exhaustive
def test_a_search_and_a_sweep_take_it(tmp_path):
    x, y = np.random.default_rng(0).integers(0, 255, (80, 8, 8), np.uint8), np.arange(80) % 2
    estimator = ct.Classifier(hidden=8, epochs=1, augment=ct.Augmentation(function=add_noise))
    search = GridSearchCV(estimator, {"dropout": [0.0, 0.1]}, cv=2, n_jobs=2, error_score="raise").fit(x, y)
    assert search.best_estimator_.run_.config["augment"] == "function=add_noise"
    small = {"hidden": (8,), "epochs": 1, "runs": tmp_path, "progress": False}
    space = {"dropout": [0.0, 0.1]}
    swept = ct.sweep("digits", space=space, augment=add_noise, trials=1, **small)
    assert swept.command is None


def test_workers_of_a_sweep_and_names_that_nobody_made_are_refused(tmp_path):
    small = {"hidden": (8,), "epochs": 1, "runs": tmp_path, "progress": False}
    with pytest.raises(UsageError, match="engine="):
        ct.sweep("digits", space={"dropout": [0.0, 0.1]}, augment=add_noise, engine="local:2", **small)
    with pytest.raises(ConfigError, match="nope"):
        ct.sweep("digits", space={"augment": ["none", "function=nope"]}, **small)
    assert not list(tmp_path.iterdir())


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


@pytest.mark.exhaustive
def test_a_training_is_resumed_where_the_function_is_made_and_refused_where_it_is_not(tmp_path):
    """Snapshots of a training that another process resumed are those of one that was never stopped."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)

    def call(task, folder):
        done = subprocess.run([sys.executable, script, task, folder], capture_output=True, text=True, check=True)
        return done.stdout

    call("begin", tmp_path / "runs")
    whole, half = (next((tmp_path / "runs").glob(f"*-{name}-*")) for name in ("whole", "half"))
    assert '"roll"' in call("ignorant", half)
    assert "finished, 3 epochs" in call("knowing", half)
    snapshots = [sorted((run / "snapshots").iterdir()) for run in (whole, half)]
    assert [path.name for path in snapshots[0]] == [path.name for path in snapshots[1]]
    assert len(snapshots[0]) > 2
    for one, other in zip(*snapshots, strict=True):
        assert one.read_bytes() == other.read_bytes()
    run = ct.open_run(whole)
    assert run.context.train_like() == f'cutaway.train_like("{whole.name}", augment=...)'
    html = run.report(tmp_path / "report.html", progress=False).read_text()
    section = html[html.index('id="augmented"') : html.index('id="settings"')]
    assert "function=roll" in section
    assert "<img" not in section
