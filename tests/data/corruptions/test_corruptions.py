"""Corruptions keep shape, dtype and range, change nothing at severity 0, and depend on the seed alone."""

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.data import CORRUPTIONS, corrupt, corruption_generator, split_and_prepare, traits_of

BY_NAME = {corruption.name: corruption for corruption in CORRUPTIONS}
LABELS = np.arange(40) % 2


def pictures(shape, dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, *shape)).astype(np.uint8)
    return x if dtype == "uint8" else (x / 255).astype(np.float32) if dtype == "float32" else x.astype(np.float32) - 128


def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(50, 9, 200).round(),
            "income": rng.lognormal(3, 1, 200).round(2),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], 200),
            "joined": pd.date_range("2020-01-01", periods=200, freq="7D").strftime("%Y-%m-%d"),
            "left": np.where(rng.random(200) < 0.5, "yes", "no"),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "city"] = None
    return frame


@pytest.fixture(scope="module")
def prepared():
    return split_and_prepare(ct.load_dataset(table(), label="left", time="joined", use=["joined"]))[1]


DATA = {
    "gray": lambda prepared: ct.Dataset.from_arrays(pictures((9, 12), "uint8"), LABELS),
    "color": lambda prepared: ct.Dataset.from_arrays(pictures((8, 8, 3), "uint8"), LABELS),
    "shares": lambda prepared: ct.Dataset.from_arrays(pictures((8, 8), "float32"), LABELS),
    "signed": lambda prepared: ct.Dataset.from_arrays(pictures((6, 7, 1), "signed"), LABELS, scale=100.0),
    "flat": lambda prepared: ct.Dataset.from_arrays(pictures((17,), "uint8"), LABELS),
    "array": lambda prepared: ct.Dataset.from_arrays(np.random.default_rng(1).normal(size=(40, 5)), LABELS),
    "table": lambda prepared: prepared,
}
OF_PICTURES = {"noise", "shift", "rotation", "occlusion"}
APPLIES = {
    **dict.fromkeys(("gray", "color", "shares", "signed"), OF_PICTURES),
    **{kind: {"column_noise"} for kind in ("flat", "array")},
    "table": {"missing", "column_noise"},
}
CASES = [(kind, name) for kind, names in APPLIES.items() for name in sorted(names)]


def given(kind, prepared):
    data = DATA[kind](prepared)
    x = data.sources["train"].x
    return x, traits_of(data, x)


def made(name, x, severity, traits, seed=0):
    return corrupt(BY_NAME[name], x, severity, traits=traits, rng=corruption_generator(BY_NAME[name], seed=seed))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_corruption_keeps_what_it_must(kind, name, prepared):
    x, traits = given(kind, prepared)
    before = x.copy()
    np.testing.assert_array_equal(made(name, x, 0.0, traits), x, "severity 0 is the identity")
    changed, found = [], x
    for severity in BY_NAME[name].severities[1:]:
        found = made(name, x, severity, traits)
        assert (found.shape, found.dtype) == (x.shape, x.dtype)
        if traits.pictures:
            assert found.min() >= traits.pictures.low
            assert found.max() <= traits.pictures.high
        elif name == "column_noise":
            assert (found.min(axis=0) >= x.min(axis=0)).all()
            assert (found.max(axis=0) <= x.max(axis=0)).all()
        changed.append(np.abs(found.astype(float) - x).mean())
    assert changed[0] > 0
    if name not in ("shift", "rotation"):  # of which pictures of noise change at once
        assert changed == sorted(changed), "more of it changes more"
    np.testing.assert_array_equal(x, before, "samples are not changed")
    largest = BY_NAME[name].severities[-1]
    np.testing.assert_array_equal(made(name, x, largest, traits), found)
    assert (made(name, x, largest, traits, seed=1) != found).any()


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_samples_can_be_corrupted_in_pieces(kind, name, prepared):
    x, traits = given(kind, prepared)
    severity, rng = BY_NAME[name].severities[3], corruption_generator(BY_NAME[name], seed=2)
    pieces = [corrupt(BY_NAME[name], x[i : i + 7], severity, traits=traits, rng=rng) for i in range(0, len(x), 7)]
    np.testing.assert_array_equal(np.concatenate(pieces), made(name, x, severity, traits, seed=2))


@pytest.mark.parametrize("kind", APPLIES)
def test_what_does_not_apply_says_why(kind, prepared):
    _, traits = given(kind, prepared)
    refused = {corruption.name: corruption.refusal(traits) for corruption in CORRUPTIONS}
    assert {name for name, why in refused.items() if not why} == APPLIES[kind]
    if traits.pictures:
        assert refused["missing"] == "samples are images, which have no columns"
    else:
        assert refused["shift"] == f"samples of the shape {traits.shape} are no images"
    if kind == "array":
        assert "no preparation" in refused["missing"]


def test_noise_has_the_standard_deviation_that_is_asked_for():
    data = ct.Dataset.from_arrays(np.full((40, 20, 20), 128, np.uint8), LABELS)
    x = data.sources["train"].x
    found = made("noise", x, 0.1, traits_of(data, x)).astype(float)
    assert found.std() == pytest.approx(25.5, rel=0.02)
    assert found.mean() == pytest.approx(128, abs=0.5)


def test_the_range_is_that_of_the_scale_where_values_are_within_it():
    x = np.full((40, 4, 4), 3, np.float32)
    assert traits_of(data := ct.Dataset.from_arrays(x, LABELS, scale=16.0), x).pictures.high == 16
    assert traits_of(data, x - 5).pictures.low == -2
    bytes_to_16 = ct.Dataset.from_arrays(x.astype(np.uint8), LABELS, scale=16.0)
    assert traits_of(bytes_to_16, bytes_to_16.sources["train"].x).pictures.high == 16
    assert traits_of(bytes_to_16, np.full((4, 4, 4), 200, np.uint8)).pictures.high == 200


def test_a_shift_moves_the_picture_by_the_distance_and_background_moves_in():
    x = np.full((40, 21, 21), 200, np.uint8)
    x[:, 9:12, 9:12] = 20
    data = ct.Dataset.from_arrays(x, LABELS)
    traits = traits_of(data, x)
    assert traits.pictures.background.tolist() == [200]
    found = 200.0 - made("shift", x, 4 / 21, traits)
    rows, columns = np.mgrid[:21, :21]
    weight = found.sum(axis=(1, 2))
    center = np.stack([(found * rows).sum(axis=(1, 2)), (found * columns).sum(axis=(1, 2))]) / weight
    np.testing.assert_allclose(np.hypot(*(center - 10)), 4, atol=0.05)
    assert np.ptp(np.arctan2(*(center - 10))) > 5, "in every direction"


def test_a_rotation_by_a_right_angle_is_that_of_numpy():
    x = pictures((9, 9), "uint8")
    data = ct.Dataset.from_arrays(x, LABELS)
    found = made("rotation", x, 90.0, traits_of(data, x))
    turned = [[np.rot90(one, turns) for turns in (1, -1)] for one in x]
    assert all(any((a == b).all() for b in both) for a, both in zip(found, turned, strict=True))
    assert {int((a == both[1]).all()) for a, both in zip(found, turned, strict=True)} == {0, 1}, "to both sides"


def test_an_occlusion_covers_its_share_of_the_area_in_the_color_of_the_background():
    x = np.full((40, 20, 30, 3), 9, np.uint8)
    x[:, 1:-1, 1:-1] = 200
    data = ct.Dataset.from_arrays(x, LABELS)
    found = made("occlusion", x, 0.25, traits_of(data, x))
    covered = (found != x).any(axis=-1)
    assert (found[covered] == 9).all()
    assert covered.sum(axis=(1, 2)).max() == 150
    shares = [covered_share(severity, 8) for severity in BY_NAME["occlusion"].severities]
    assert shares == pytest.approx(BY_NAME["occlusion"].severities, abs=0.035), "also of small pictures"
    assert len({one.tobytes() for one in covered}) > 20, "at places of their own"


def covered_share(severity, side):
    x = np.full((4, side, side), 9, np.uint8)
    x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1] = 5, 5, 5, 5
    traits = traits_of(ct.Dataset.from_arrays(x, np.arange(4) % 2), x)
    ones = np.ones((4, side, side), np.float32)
    return float((BY_NAME["occlusion"].function(ones, severity, traits.pictures, np.random.default_rng(0)) != 1).mean())


def test_missing_cells_are_what_the_preparation_makes_of_them(prepared):
    x, traits = given("table", prepared)
    everything = made("missing", x, 1.0, traits)
    empty = table().iloc[:1].drop(columns="left").assign(**dict.fromkeys(("age", "income", "city", "joined"), None))
    from cutaway.data import prepare_new_rows

    ((_, expected),) = prepare_new_rows(prepared.preparation, empty, warn=False)
    np.testing.assert_array_equal(everything, np.repeat(expected, len(x), axis=0))
    some = made("missing", x, 0.3, traits)
    steps, first = prepared.preparation.steps, 0
    for step in steps:
        part = slice(first, first + len(step.features))
        first = part.stop
        gone, stays = (some[:, part] == expected[0, part]).all(axis=1), (some[:, part] == x[:, part]).all(axis=1)
        assert (gone | stays).all(), "all inputs of a column together"
    assert (some != x).any(axis=1).mean() > 0.6


def test_noise_on_columns_is_relative_to_their_spread_and_leaves_the_rest(prepared):
    x, traits = given("table", prepared)
    names = prepared.preparation.features
    found = made("column_noise", x, 0.5, traits)
    touched = [name for name, moved in zip(names, (found != x).any(axis=0), strict=True) if moved]
    assert touched == ["age", "income"]
    age, absent = names.index("age"), x[:, names.index("age is missing")] == 1
    assert (found[absent, age] == x[absent, age]).all(), "a missing value stays missing"
    spread = x[~absent, age].std()
    assert traits.columns.spread[0] == pytest.approx(spread, rel=1e-4)
    assert (found - x)[~absent, age].std() == pytest.approx(spread / 2, rel=0.2)


def test_a_table_without_numbers_takes_no_noise():
    frame = pd.DataFrame({"city": ["Rome", "Oslo"] * 30, "left": ["yes", "no", "no"] * 20})
    data = split_and_prepare(ct.load_dataset(frame, label="left"))[1]
    traits = traits_of(data, data.sources["train"].x)
    assert BY_NAME["column_noise"].refusal(traits) == "no column is a number"
    assert not BY_NAME["missing"].refusal(traits)


def test_names_and_severities_of_the_registry():
    assert len(BY_NAME) == len(CORRUPTIONS)
    for corruption in CORRUPTIONS:
        assert corruption.severities[0] == 0
        assert list(corruption.severities) == sorted(set(corruption.severities))
