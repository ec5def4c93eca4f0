"""Tables of Hugging Face: in memory, and on disk as save_to_disk and the hub lay them out.

The files are written here as the package datasets writes them. Sources, of huggingface/datasets: arrow_writer.py (the
metadata "huggingface" of the schema), arrow_dataset.py (save_to_disk: an Arrow stream, state.json and dataset_info.json
in a folder for each split), and the layout of the hub, data/train-00000-of-00001.parquet.
"""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from cutaway.data import load_again, load_dataset, prepare_new_rows, split_and_prepare
from cutaway.data.sources.parts import columnar_parts
from cutaway.errors import DataError


def table_of(columns, features, *, metadata=True):
    """A table with the metadata that datasets writes."""
    table = pa.table(columns)
    info = {"info": {"features": features}, "fingerprint": "9cf5f3a0"}
    return table.replace_schema_metadata({"huggingface": json.dumps(info)}) if metadata else table


def save_to_disk(folder, parts, features=None):
    """A folder as DatasetDict.save_to_disk writes it."""
    (folder).mkdir(parents=True, exist_ok=True)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(parts)}))
    for part, table in parts.items():
        place = folder / part
        place.mkdir()
        name = "data-00000-of-00001.arrow"
        with pa.OSFile(str(place / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=40)
        (place / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}], "_split": part}))
        described = json.loads(table.schema.metadata[b"huggingface"])["info"] if features is None else features
        (place / "dataset_info.json").write_text(json.dumps(described))
    return folder


def on_hub(folder, parts, *, shards=1):
    """A folder as a repository of the hub holds it."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("---\ndataset_info: ...\n---\n")
    for part, table in parts.items():
        size = -(-len(table) // shards)
        for shard in range(shards):
            path = folder / "data" / f"{part}-{shard:05d}-of-{shards:05d}.parquet"
            parquet.write_table(table.slice(shard * size, size), path)
    return folder


RNG = np.random.default_rng(0)
NAMED = {"x": {"dtype": "float64", "_type": "Value"}, "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}


def columns(count):
    x = RNG.normal(size=count)
    return {"x": x.tolist(), "label": (x > 0).astype(int).tolist()}


def test_names_may_be_in_dataset_info_alone(tmp_path):
    table = table_of(columns(100), NAMED, metadata=False)
    save_to_disk(tmp_path / "a", {"train": table}, {"features": NAMED})
    assert load_dataset(tmp_path / "a").class_names == ("neg", "pos")
    for broken in ("{", "[1]", '{"features": 3}', '{"features": {"label": {"names": 7}}}', "[" * 100_000):
        (tmp_path / "a" / "train" / "dataset_info.json").write_text(broken)
        assert set(load_dataset(tmp_path / "a", label="label").class_names) == {"0", "1"}


def test_images_on_disk_are_refused(tmp_path):
    images = pa.array([{"bytes": b"GIF89a", "path": None}] * 4, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    on_hub(tmp_path, {"train": pa.table({"image": images, "label": [0, 1, 0, 1]})})
    with pytest.raises(DataError):
        load_dataset(tmp_path)


class Split:
    """What is used of a split as the package datasets holds it in memory."""

    def __init__(self, frame, **features):
        self.features = dict.fromkeys(frame, object()) | features
        self._frame = frame

    def to_pandas(self):
        return self._frame


class Image:
    """As the feature of images is called."""


def test_splits_in_memory_are_a_table():
    names = SimpleNamespace(names=["neg", "pos"])
    frame = pd.DataFrame(columns(300))
    table = load_dataset(Split(frame, label=names))
    assert (table.options.label, table.class_names, list(table.labels)) == ("label", ("neg", "pos"), ["train"])
    splits = {"train": frame[:200], "validation": frame[200:250], "test": frame[250:]}
    table = load_dataset({name: Split(part, label=names) for name, part in splits.items()})
    assert {source: len(labels) for source, labels in table.labels.items()} == {"train": 200, "val": 50, "test": 50}
    order = [("neg", "pos").index(name) for name in table.class_names]
    np.testing.assert_array_equal(np.take(order, table.labels["test"]), frame["label"][250:])
    with pytest.raises(DataError):
        load_dataset({"unsupervised": Split(frame), "test": Split(frame)})
    with pytest.raises(DataError):
        load_dataset(Split(frame, img=Image()))


def test_a_table_has_its_splits_label_and_names(tmp_path):
    given = columns(300)
    table = table_of(given, NAMED)
    data = load_dataset(on_hub(tmp_path, {"train": table.slice(0, 200), "test": table.slice(200)}, shards=2))
    assert {source: len(labels) for source, labels in data.labels.items()} == {"train": 200, "test": 100}
    assert (data.options.label, data.class_names) == ("label", ("neg", "pos"))
    np.testing.assert_array_equal(np.concatenate(list(data.labels.values())), given["label"])
    assert load_again(data.origin).class_names == ("neg", "pos")
    assert load_dataset(tmp_path, label="label", class_names=["a", "b"]).class_names == ("a", "b")


def test_files_are_split_by_name_only_if_all_are_named_so(tmp_path):
    for name in ("train.parquet", "test-x.parquet", "other.parquet", "training.parquet"):
        (tmp_path / name).touch()
    assert {source: len(files) for source, files in columnar_parts(tmp_path).items()} == {"train": 4}
    (tmp_path / "other.parquet").unlink()
    (tmp_path / "training.parquet").unlink()
    found = {source: [file.name for file in files] for source, files in columnar_parts(tmp_path).items()}
    assert found == {"train": ["train.parquet"], "test": ["test-x.parquet"]}
    assert columnar_parts(tmp_path / "none") == {}


@pytest.mark.parametrize("layout", [save_to_disk, on_hub])
def test_the_folder_of_a_split_holds_new_samples(layout, tmp_path):
    values, kinds = np.random.default_rng(1).normal(size=120), np.tile(["x", "y", "z"], 40)
    columns = {"a": values.tolist(), "kind": kinds.tolist(), "label": [0, 1] * 60}
    named = {"_type": "ClassLabel", "names": ["below", "above"]}
    table = table_of(columns, {"a": {"_type": "Value"}, "kind": {"_type": "Value"}, "label": named})
    folder = layout(tmp_path / "d", {"train": table.slice(0, 90), "test": table.slice(90)})
    _, data = split_and_prepare(load_dataset(folder))
    new = folder / "test" if layout is save_to_disk else folder / "data" / "test-00000-of-00001.parquet"
    ((names, inputs),) = prepare_new_rows(data.preparation, new)
    assert names == [str(row) for row in range(1, 31)]
    np.testing.assert_array_equal(inputs, data.sources["test"].x)
    with pytest.raises(DataError):
        list(prepare_new_rows(data.preparation, folder))
