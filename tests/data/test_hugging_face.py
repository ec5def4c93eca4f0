"""Datasets of Hugging Face on disk: pictures and tables, as save_to_disk and the hub lay them out.

The files are written here as the package datasets writes them. Sources, of huggingface/datasets: features/image.py (an
Image is struct<bytes: binary, path: string>), arrow_writer.py (the metadata "huggingface" of the schema),
arrow_dataset.py (save_to_disk: an Arrow stream, state.json and dataset_info.json in a folder for each split), and the
layout of the hub, data/train-00000-of-00001.parquet.
"""

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from cutaway.data import load_again, load_dataset, prepare_new_rows, split_and_prepare, split_dataset
from cutaway.data.sources.parts import columnar_parts
from cutaway.errors import DataError, UnknownNameError, UsageError

IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def packed(picture, form="PNG"):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, form)
    return stream.getvalue()


def table_of(columns, features, *, metadata=True):
    """A table with the metadata that datasets writes."""
    arrays = {
        name: pa.array(values, IMAGE if features[name]["_type"] == "Image" else None)
        for name, values in columns.items()
    }
    table = pa.table(arrays)
    info = {"info": {"features": features}, "fingerprint": "9cf5f3a0"}
    return table.replace_schema_metadata({"huggingface": json.dumps(info)}) if metadata else table


def pictures_table(pictures, labels, names, *, metadata=True):
    """The columns image and label, as of the datasets mnist and fashion_mnist."""
    images = [{"bytes": packed(picture), "path": None} for picture in pictures]
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    return table_of({"image": images, "label": [int(label) for label in labels]}, features, metadata=metadata)


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


NAMES = ("T - shirt / top", "Trouser", "Pullover")
RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 256, (120, 7, 5), dtype=np.uint8), np.arange(120) % 3


def parts():
    rows = {"train": slice(0, 80), "validation": slice(80, 100), "test": slice(100, 120)}
    return {part: pictures_table(X[of], Y[of], NAMES) for part, of in rows.items()}


@pytest.mark.parametrize("write", [save_to_disk, on_hub, lambda *a: on_hub(*a, shards=3)])
def test_pictures_are_read_with_their_splits_and_names(tmp_path, write):
    data = load_dataset(write(tmp_path / "fashion", parts()))
    assert (data.name, data.class_names, data.scale, data.shape) == ("fashion", NAMES, 255.0, (7, 5))
    assert list(data.sources) == ["train", "val", "test"]
    np.testing.assert_array_equal(np.concatenate([source.x for source in data.sources.values()]), X)
    np.testing.assert_array_equal(np.concatenate([source.y for source in data.sources.values()]), Y)
    assert [len(split_dataset(data).part(name)) for name in ("train", "val", "test")] == [80, 20, 20]
    assert load_again(data.origin).sha256 == data.sha256


def test_names_may_be_in_dataset_info_alone(tmp_path):
    features = {"features": {"label": {"num_classes": 3, "names": list(NAMES), "id": None, "_type": "ClassLabel"}}}
    table = pictures_table(X, Y, NAMES, metadata=False)
    assert load_dataset(save_to_disk(tmp_path / "a", {"train": table}, features)).class_names == NAMES
    for broken in ("{", "[1]", '{"features": 3}', '{"features": {"label": {"names": 7}}}', "[" * 100_000):
        (tmp_path / "a" / "train" / "dataset_info.json").write_text(broken)
        assert load_dataset(tmp_path / "a").class_names == ("0", "1", "2")


def test_a_single_file_and_a_single_split(tmp_path):
    parquet.write_table(pictures_table(X, Y, NAMES), tmp_path / "some.parquet")
    assert load_dataset(tmp_path / "some.parquet").name == "some"
    on_hub(tmp_path / "b", {"test": pictures_table(X, Y, NAMES)})
    data = load_dataset(tmp_path / "b", size=4, class_names=["a", "b", "c"])
    assert (list(data.sources), data.shape, data.class_names) == (["train"], (4, 4), ("a", "b", "c"))
    assert load_again(data.origin).sha256 == data.sha256


def test_a_class_without_a_picture_keeps_its_name(tmp_path):
    keep = Y > 0
    data = load_dataset(on_hub(tmp_path, {"train": pictures_table(X[keep], Y[keep], NAMES)}))
    assert data.class_names == NAMES
    np.testing.assert_array_equal(data.sources["train"].y, Y[keep])


def test_the_label_is_chosen(tmp_path):
    images = [{"bytes": packed(np.stack([x] * 3, axis=-1), "JPEG"), "path": "x.jpg"} for x in X]
    features = {
        "img": {"_type": "Image"},
        "fine_label": {"names": [f"f{n}" for n in range(6)], "_type": "ClassLabel"},
        "coarse_label": {"names": ["c0", "c1"], "_type": "ClassLabel"},
        "word": {"dtype": "string", "_type": "Value"},
    }
    word = [f"w{label}" for label in Y]
    columns = {"img": images, "fine_label": (np.arange(120) % 6).tolist(), "coarse_label": [0, 1] * 60, "word": word}
    on_hub(tmp_path, {"train": table_of(columns, features)})
    with pytest.raises(UsageError, match="with the columns fine_label, coarse_label, word; next: .*label="):
        load_dataset(tmp_path)
    data = load_dataset(tmp_path, label="coarse_label")
    assert (data.class_names, data.shape) == (("c0", "c1"), (7, 5, 3))
    assert load_dataset(tmp_path, label="word").class_names == ("w0", "w1", "w2")
    with pytest.raises(UnknownNameError, match='did you mean "fine_label"'):
        load_dataset(tmp_path, label="finelabel")
    with pytest.raises(UsageError, match="takes class_names, label, size; got test_share"):
        load_dataset(tmp_path, label="word", test_share=0.1)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"image": None}, r"at most the path of one in row 3 of .*train-00000-of-00001.parquet; next: .*save_to_disk"),
        ({"image": {"bytes": None, "path": "/etc/passwd"}}, r"at most the path of one in row 3 of"),
        ({"image": {"bytes": b"GIF89a", "path": None}}, r"a complete PNG.* got row 3 of .*parquet \("),
        ({"label": None}, 'got no "label" in row 3 of'),
        ({"label": -1}, r'got the label -1 as train\[2\] in "label" of'),
        ({"image": {"bytes": packed(X[0, :3]), "path": None}}, "7 x 5 pixels in 4 files such as row 1 of .* and 3 x 5"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_row(tmp_path, row, message):
    table = pictures_table(X[:5], Y[:5], NAMES)
    for column, value in row.items():
        values = table[column].to_pylist()
        values[2] = value
        kind = IMAGE if column == "image" else pa.int64()
        table = table.set_column(table.column_names.index(column), column, pa.array(values, kind))
    with pytest.raises(DataError, match=message):
        load_dataset(on_hub(tmp_path, {"train": table}))


def test_a_table_has_its_splits_label_and_names(tmp_path):
    features = {"x": {"dtype": "float64", "_type": "Value"}, "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    x = RNG.normal(size=300)
    columns = {"x": x.tolist(), "label": (x > 0).astype(int).tolist()}
    table = table_of(columns, features)
    data = load_dataset(on_hub(tmp_path, {"train": table.slice(0, 200), "test": table.slice(200)}, shards=2))
    assert {source: len(labels) for source, labels in data.labels.items()} == {"train": 200, "test": 100}
    assert (data.options.label, data.class_names) == ("label", ("neg", "pos"))
    np.testing.assert_array_equal(np.concatenate(list(data.labels.values())), x > 0)
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
    with pytest.raises(DataError, match="holds files that end in .*; next: pass the folder that they are in, such as"):
        list(prepare_new_rows(data.preparation, folder))
