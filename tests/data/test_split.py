"""Identities and splits: every sample is in exactly one part, and the record restores a split."""

import base64
import dataclasses
import json
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cutaway.data import Dataset, SampleIds, Split, load_dataset, split_dataset
from cutaway.data.sampling import stratified_split
from cutaway.data.splitting import Dividing
from cutaway.errors import ConfigError, DataError, UsageError


def labeled(*counts, test=()):
    """A dataset of given class sizes, interleaved, whose one feature is the sample's own index."""
    rng = np.random.default_rng(3)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    x = np.arange(len(y), dtype=np.float32)[:, None]
    names = [f"c{i}" for i in range(len(counts))]
    more = {"x_test": np.zeros((sum(test), 1)), "y_test": np.repeat(np.arange(len(test)), test)} if test else {}
    return Dataset.from_arrays(x, y, class_names=names, scale=1, **more)


@pytest.fixture(scope="module")
def mnist():
    return load_dataset("mnist")


@pytest.fixture(scope="module")
def split(mnist):
    return split_dataset(mnist)


def numbered(numbers, counts):
    """A dataset whose classes are called by numbers, as those of a column of whole numbers are."""
    y = np.repeat(np.arange(len(numbers)), counts)
    names = [str(number) for number in numbers]
    return Dataset.from_arrays(np.zeros((len(y), 1), np.float32), y, class_names=names, scale=1)


MEASURED = "as a target"  # what to do with numbers that measure, and not with classes in which samples are missing


class TestMeasurements:
    """Whole numbers that measure something are not taken for classes in which samples are missing."""

    @pytest.mark.parametrize(
        ("numbers", "counts"),
        [
            (range(19, 219), [1, 3] * 100),  # prices: some occur once
            (range(-10, 40), [2] * 50),  # each twice, and a test sample of each is too much
            (range(1000, 22_000, 1000), [1] + [50] * 20),
        ],
    )
    def test_many_numbers_with_few_samples_are_said_to_measure(self, numbers, counts):
        with pytest.raises(DataError, match=MEASURED):
            split_dataset(numbered(numbers, counts))

    @pytest.mark.parametrize("how", ["groups", "times"])
    def test_also_where_groups_or_times_are_held_out(self, how):
        data = numbered(range(100), [1] * 100)
        with pytest.raises(DataError, match=MEASURED):
            split_dataset(dataclasses.replace(data, dividing=Dividing(**{how: np.arange(100)})))

    def test_small_classes_in_groups_are_refused_in_words(self):
        with pytest.raises(DataError):
            split_dataset(dataclasses.replace(numbered("ab", [4, 4]), dividing=Dividing(groups=np.arange(8))))

    @pytest.mark.parametrize(
        ("numbers", "counts"),
        [
            (range(10), [5] * 10),
            (range(2018, 2023), [10] * 5),  # years
            (range(20), [10] * 20),
            (range(100), [20] * 100),  # a hundred classes, of which there is enough
        ],
    )
    def test_numbers_that_are_classes_are_split(self, numbers, counts):
        assert len(split_dataset(numbered(numbers, counts)).train) > 0

    @pytest.mark.parametrize(
        "names", [[str(k) for k in range(20)], [f"c{k}" for k in range(40)], ["1.5", *"abcdefghijklmnopqrstuv"]]
    )
    def test_of_few_numbers_or_names_the_class_that_lacks_samples_is_named(self, names):
        with pytest.raises(DataError, match=f'class "{names[0]}"'):
            split_dataset(numbered(names, [1] + [9] * (len(names) - 1)))


@st.composite
def some_ids(draw, sources=None):
    names = sources or draw(st.permutations(["train", "test", "val"]))
    names = tuple(names[: draw(st.integers(1, 3))])
    places = draw(st.lists(st.tuples(st.integers(0, len(names) - 1), st.integers(0, 2**39)), max_size=8))
    places += draw(st.lists(st.tuples(st.integers(0, len(names) - 1), st.integers(0, 4)), max_size=8))
    source, row = np.array(places, np.int64).reshape(-1, 2).T
    return SampleIds(names, source.astype(np.uint8), row.copy())


def identities(ids):
    return [(ids.sources[source], int(row)) for source, row in zip(ids.source_index, ids.index, strict=True)]


@given(some_ids(), some_ids())
def test_samples_are_the_same_where_the_names_of_their_sources_and_their_rows_are(ids, others):
    wanted, held = identities(ids), identities(others)
    assert ids.isin(others).tolist() == [each in held for each in wanted]
    places = ids.positions_in(others)
    assert [held[place] if place >= 0 else None for place in places] == [
        each if each in held else None for each in wanted
    ]
    assert places.dtype == np.int64
    order = {name: place for place, name in enumerate(ids.sources)}
    assert identities(ids.ordered()) == sorted(wanted, key=lambda each: (order[each[0]], each[1]))
    assert len(set(ids.keys().tolist())) == len(set(wanted))


class TestSampleIds:
    ids = SampleIds(("train", "test"), np.array([0, 1, 1], np.uint8), np.array([5, 7, 0]))

    def test_names(self):
        assert len(self.ids) == 3
        assert self.ids[1] == "test[7]"
        assert self.ids[-3] == "train[5]"
        assert self.ids.names() == ["train[5]", "test[7]", "test[0]"]
        assert list(self.ids) == self.ids.names()
        one = SampleIds(("train",), np.zeros(2, np.uint8), np.array([5, 7]))
        assert one.names() == list(one) == ["sample[5]", "sample[7]"]

    @pytest.mark.parametrize("selection", [np.array([2, 0]), slice(None, None, -2), np.array([True, False, True])])
    def test_take_keeps_identities(self, selection):
        taken = self.ids.take(selection)
        assert taken.names() == np.array(self.ids.names())[selection].tolist()
        assert taken.take([]).names() == []

    @pytest.mark.parametrize(
        ("code", "index"),
        [
            (np.zeros(3, np.int64), np.arange(3)),
            (np.zeros(2, np.uint8), np.arange(3)),
            (np.zeros((1, 3), np.uint8), np.zeros((1, 3), np.int64)),
            (np.array([2], np.uint8), np.array([0])),
        ],
    )
    def test_invalid_arrays_are_refused(self, code, index):
        with pytest.raises(DataError):
            SampleIds(("train", "test"), code, index)


class TestMnist:
    def test_sizes_and_stratification(self, mnist, split):
        assert [len(split.part(name)) for name in ("train", "val", "test", "all")] == [45_000, 15_000, 10_000, 70_000]
        counts = np.bincount(mnist.sources["train"].y)
        np.testing.assert_allclose(np.bincount(mnist.y(split.val)), counts * 0.25, atol=1)
        np.testing.assert_allclose(np.bincount(mnist.y(split.train)), counts * 0.75, atol=1)

    def test_it_equals_the_split_of_scikit_learn(self, mnist, split):
        from sklearn.model_selection import train_test_split

        y = mnist.sources["train"].y
        _, val = train_test_split(np.arange(60_000), test_size=0.25, random_state=0, stratify=y)
        np.testing.assert_array_equal(split.val.index, np.sort(val))

    def test_samples_keep_their_identity(self, mnist, split):
        everything = split.part("all")
        assert len(set(everything.names())) == 70_000
        shuffled = everything.take(np.random.default_rng(1).permutation(70_000)[:300])
        for row, name in zip(mnist.x(shuffled), shuffled.names(), strict=True):
            source, index = name.rstrip("]").split("[")
            np.testing.assert_array_equal(row, mnist.sources[source].x[int(index)])

    def test_the_record_is_small_and_complete(self, split):
        text = json.dumps(split.to_record())
        assert len(text) < 12_000
        same_split(Split.from_record(json.loads(text)), split)


def same_split(one, other):
    assert (one.validation, one.seed) == (other.validation, other.seed)
    for name in ("train", "val", "test"):
        a, b = one.part(name), other.part(name)
        assert a.sources == b.sources
        np.testing.assert_array_equal(a.source_index, b.source_index)
        np.testing.assert_array_equal(a.index, b.index)
        assert (a.source_index.dtype, a.index.dtype) == (np.uint8, np.int64)


@given(
    counts=st.lists(st.integers(4, 30), min_size=2, max_size=5),
    test=st.booleans(),
    validation=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_sample_is_in_exactly_one_part_and_the_record_restores_it(counts, test, validation, seed):
    data = labeled(*counts, test=counts[::-1] if test else ())
    try:
        split = split_dataset(data, validation=validation, seed=seed)
    except DataError:
        assume(False)
    assert sorted(split.part("all").names()) == sorted(
        f"{name if test else 'sample'}[{i}]" for name, source in data.sources.items() for i in range(len(source.y))
    )
    for name in ("train", "val", "test"):
        part = split.part(name)
        assert len(part) > 0
        assert (np.diff(part.index) > 0).all()
    same_split(split, split_dataset(data, validation=validation, seed=seed))
    same_split(split, Split.from_record(json.loads(json.dumps(split.to_record()))))


@given(
    counts=st.lists(st.integers(2, 60), min_size=2, max_size=12),
    share=st.floats(0.02, 0.98),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_draw_is_that_of_scikit_learn(counts, share, seed):
    from sklearn.model_selection import train_test_split

    labels = np.random.default_rng(3).permutation(np.repeat(np.arange(len(counts)), counts))
    held_out = int(share * len(labels))
    assume(min(held_out, len(labels) - held_out) >= len(counts))
    parts = train_test_split(np.arange(len(labels)), test_size=held_out, random_state=seed, stratify=labels)
    for ours, theirs in zip(stratified_split(labels, held_out=held_out, seed=seed), parts, strict=True):
        np.testing.assert_array_equal(ours, np.sort(theirs))


def test_a_test_is_held_out_where_there_is_none():
    data = labeled(50, 100)
    split = split_dataset(data, test=0.2, validation=0.25)
    assert {name: np.bincount(data.y(split.part(name))).tolist() for name in ("train", "val", "test")} == {
        "train": [30, 60],
        "val": [10, 20],
        "test": [10, 20],
    }
    assert split.test.sources == ("train",)


def test_the_same_seed_gives_the_same_split():
    data = labeled(50, 50)
    one, two = (split_dataset(data, seed=seed).train.index for seed in (0, 1))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize(
    ("counts", "test", "arguments"),
    [
        ((20, 1), (1, 1), {}),
        ((2, 20), (), {"test": 0.9}),
        ((3, 3), (1, 1), {"validation": 0.1}),
        ((3, 3), (1, 1), {"validation": 0.9}),
    ],
)
def test_too_few_samples_are_refused(counts, test, arguments):
    with pytest.raises(DataError):
        split_dataset(labeled(*counts, test=test), **arguments)


def test_a_class_without_samples_is_allowed():
    data = Dataset.from_arrays(
        np.zeros((8, 1)), [0, 2] * 4, class_names=list("abc"), x_test=np.zeros((1, 1)), y_test=[0]
    )
    assert np.bincount(data.y(split_dataset(data).val)).tolist() == [1, 0, 1]


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0, -0.25, 1.5, float("nan"), "0.25", True])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_share_outside_its_range_is_refused(name, share):
    if (name, share) == ("test", 0.0) and isinstance(share, float):
        assert len(split_dataset(labeled(9, 9), test=share).test) == 0
        return
    with pytest.raises(ConfigError, match=name):
        split_dataset(labeled(9, 9), **{name: share})


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", None])
def test_a_seed_outside_its_range_is_refused(seed):
    with pytest.raises(UsageError, match="seed"):
        split_dataset(labeled(9, 9), seed=seed)


def test_a_split_with_gaps_is_not_recorded():
    whole = split_dataset(labeled(9, 9))
    with pytest.raises(DataError):
        Split(whole.train.take(slice(1, None)), whole.val, whole.test, 0.25, 0).to_record()


def pack(codes):
    return base64.b64encode(zlib.compress(bytes(codes))).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"membership": {}},
        {"membership": None},
        {"membership": {"train": {"samples": 18}}},
        {"membership": {"train": {"samples": 18, "codes": "!"}}},
        {"membership": {"train": {"samples": 18, "codes": pack([0] * 17)}}},
        {"membership": {"train": {"samples": 18, "codes": pack([0] * 19)}}},
        {"membership": {"train": {"samples": 18, "codes": pack([0] * 17 + [3])}}},
        {"membership": {"train": {"samples": 18.0, "codes": pack([0] * 18)}}},
        {"membership": {"train": {"samples": 10**30, "codes": pack([0] * 18)}}},
        {"membership": {"train": {"samples": -1, "codes": pack([])}}},
        {"membership": {f"s{i}": {"samples": 1, "codes": pack([0])} for i in range(257)}},
        {"counts": {"train": 18, "val": 0, "test": 0}},
        {"counts": None},
        {"validation": 1.0},
        {"validation": "0.25"},
        {"seed": True},
        {"seed": None},
        {"stratified": None},
    ],
)
def test_a_damaged_record_is_refused(change):
    record = split_dataset(labeled(9, 9)).to_record()
    same_split(Split.from_record(record), split_dataset(labeled(9, 9)))
    with pytest.raises(DataError):
        Split.from_record(record | change)
    for key in change:
        with pytest.raises(DataError, match=key):
            Split.from_record({other: value for other, value in record.items() if other != key})


@pytest.mark.parametrize("record", [None, [], "split", 3])
def test_other_values_than_records_are_refused(record):
    with pytest.raises(DataError):
        Split.from_record(record)


@given(data=st.data())
def test_mutated_codes_never_restore_another_split(data):
    split = split_dataset(labeled(9, 9))
    record = split.to_record()
    packed = bytearray(base64.b64decode(record["membership"]["train"]["codes"]))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    record["membership"]["train"]["codes"] = base64.b64encode(packed).decode()
    try:
        read = Split.from_record(record)
    except DataError:
        return
    same_split(read, split)  # a bit of padding changed, which carries nothing


def test_a_zip_bomb_in_a_record_is_not_decompressed():
    import tracemalloc

    record = split_dataset(labeled(9, 9)).to_record()
    record["membership"]["train"]["codes"] = pack(bytes(50 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            Split.from_record(record)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_splits_and_ids_can_be_pickled(mnist):
    split = split_dataset(mnist, seed=3)
    same_split(pickle.loads(pickle.dumps(split)), split)


def test_a_split_and_its_ids_are_shown_in_one_line():
    split = split_dataset(labeled(40, 60, test=(3, 4)), validation=0.25, seed=0)
    assert repr(split) == "<Split: train 75, val 25, test 7>"
    assert repr(split.test) == "<SampleIds: 7, test[0] to test[6]>"
    assert repr(split.test.take([2])) == "<SampleIds: test[2]>"
    assert repr(split.test.take([])) == "<SampleIds: none>"
