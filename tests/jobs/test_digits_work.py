"""A run is tested on digits of the class that it was not trained on, and data sets join them with MNIST."""

import base64

import numpy as np
import pytest
from scipy.stats import binomtest

import cutaway as ct
from cutaway.errors import DataError, UsageError
from cutaway.jobs import MANAGED_JOB, ClassDigits
from cutaway.jobs.class_digits import DATA_SETS
from cutaway.jobs.digits_work import run as do
from cutaway.jobs.job_context import JobContext
from cutaway.progress import ignore_progress

MNIST = ct.load_dataset("mnist").sources["test"]


def job_in(folder, kind, **given):
    context = JobContext(folder, "key", ignore_progress, lambda _: None)
    return do(MANAGED_JOB.validate_python({"kind": kind, **given}), context)


def give(folder, person, places):
    for place in places:
        ClassDigits(folder).add(person, MNIST.x[place].tobytes(), int(MNIST.y[place]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs on 600 digits from a file, and digits of two people, of which 20 are among the samples of that file."""
    folder = tmp_path_factory.mktemp("runs")
    np.savez(
        folder / "some.npz", x_train=MNIST.x[:600], y_train=MNIST.y[:600], x_test=MNIST.x[:20], y_test=MNIST.y[:20]
    )
    data = ct.load_dataset(folder / "some.npz", name="some")
    ct.train(ct.mlp((8,)), data, epochs=1, seed=0, runs=folder, progress=False)
    some = 255 - MNIST.x[:20]
    np.savez(folder / "light.npz", x_train=255 - MNIST.x[:600], y_train=MNIST.y[:600], x_test=some, y_test=MNIST.y[:20])
    light = ct.load_dataset(folder / "light.npz", name="light")
    ct.train(ct.mlp((8,)), light, epochs=3, seed=0, runs=folder, progress=False)
    give(folder, "Ada", range(600, 660))
    give(folder, "", [*range(660, 680), *range(20)])
    return folder


def id_of(folder, name):
    return next(path.name for path in folder.iterdir() if f"-{name}-" in path.name)


def test_a_run_is_tested_on_what_it_was_not_trained_on(folder):
    result = job_in(folder, "digits-test", run=id_of(folder, "some"))
    run = ct.open_run(folder / id_of(folder, "some"))
    x, y = MNIST.x[600:680], MNIST.y[600:680]
    predicted = run.predict(x).argmax(axis=1)
    right = int((predicted == y).sum())
    assert (result["samples"], result["correct"], result["trained"], result["people"]) == (80, right, 20, 2)
    assert result["familiar"] == 20, "of the person whose other 20 digits it was trained on"
    assert (result["low"], result["high"]) == pytest.approx(tuple(binomtest(right, 80).proportion_ci(method="wilson")))
    worst = result["mistakes"][0]
    confidence = run.predict(x).max(axis=1)
    place = max(np.flatnonzero(predicted != y), key=lambda k: confidence[k])
    assert (worst["label"], worst["predicted"]) == (y[place], predicted[place])
    assert worst["person"] == ("Ada" if place < 60 else "")
    assert base64.b64decode(worst["pixels"]) == x[place].tobytes()
    assert sum(each["count"] for each in result["confusions"]) <= 80 - right
    assert len(result["mistakes"]) == 80 - right


def test_pictures_of_dark_ink_are_read_as_such(folder):
    result = job_in(folder, "digits-test", run=id_of(folder, "light"))
    places = [*range(660, 680), *range(20), *range(600, 660)]  # the file of the one who started comes first
    x, y = 255 - MNIST.x[places], MNIST.y[places]
    predicted = ct.open_run(folder / id_of(folder, "light")).predict(x).argmax(axis=1)
    new = [k for k, place in enumerate(places) if place >= 600]
    assert (result["samples"], result["trained"]) == (80, 20)
    assert result["correct"] == (predicted[new] == y[new]).sum()


def test_a_run_whose_data_are_gone_is_not_tested(tmp_path):
    data = ct.Dataset.from_arrays(MNIST.x[:100], MNIST.y[:100], class_names=list("0123456789"))
    run = ct.train(ct.mlp((4,)), data, epochs=1, runs=tmp_path, progress=False)
    give(tmp_path, "Ada", range(3))
    with pytest.raises(DataError):
        job_in(tmp_path, "digits-test", run=run.path.name)


def test_a_run_that_reads_no_digits_is_refused(folder, tmp_path):
    x, y = np.random.default_rng(0).random((40, 3)), np.arange(40) % 2
    run = ct.train(ct.mlp((2,)), x, y, epochs=1, runs=tmp_path, progress=False)
    give(tmp_path, "Ada", range(3))
    with pytest.raises(UsageError, match="28 x 28"):
        job_in(tmp_path, "digits-test", run=run.path.name)


def test_without_digits_nothing_is_tested(folder, tmp_path):
    (tmp_path / "run").symlink_to(folder / id_of(folder, "some"))
    with pytest.raises(UsageError, match="none among 0"):
        job_in(tmp_path, "digits-test", run="run")


def test_a_data_set_with_mnist_tests_on_people_only(folder):
    made = job_in(folder, "digits-data", wish="1", mnist=True)
    data = ct.load_dataset(folder / DATA_SETS / made["name"])
    train, test = (data.sources[part] for part in ("train", "test"))
    assert (made["train"], made["test"], made["people"]) == (len(train.y), len(test.y), 1)
    assert len(train.y) + len(test.y) == 60_000 + 100
    np.testing.assert_array_equal(train.x[:60_000], ct.load_dataset("mnist").sources["train"].x)
    tested = {each.tobytes() for each in test.x}
    ada, other = (
        {MNIST.x[k].tobytes() for k in places} for places in (range(600, 660), [*range(660, 680), *range(20)])
    )
    assert tested in (ada, other)
    drawn = [MNIST.x[k].tobytes() for k in (range(600, 660) if tested == ada else [*range(660, 680), *range(20)])]
    assert [each.tobytes() for each in test.x] != drawn, "shuffled, so that nobody can tell whose they are"
    content = (folder / DATA_SETS / made["name"]).read_bytes()
    assert b"Ada" not in content


def test_mnist_needs_two_people(tmp_path):
    give(tmp_path, "Ada", np.argsort(MNIST.y, kind="stable").reshape(-1, 100)[:, :1].ravel())
    with pytest.raises(UsageError, match="one person"):
        job_in(tmp_path, "digits-data", wish="1", mnist=True)
    assert job_in(tmp_path, "digits-data", wish="1")["people"] == 0
