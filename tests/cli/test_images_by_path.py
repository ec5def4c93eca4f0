"""Images by path from the command line: IDX files under the names of Fashion-MNIST, and a folder of PNG files."""

import gzip
import json
import struct

import numpy as np
import pytest
from PIL import Image

import cutaway as ct

NAMES = "T-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot"
TRAINED = ("--epochs", "10", "--hidden", "32", "--learning-rate", "0.1", "--batch-size", "32", "--json")


@pytest.fixture(scope="module")
def images():
    source = ct.load_dataset("mnist").sources["train"]
    return source.x[:1200], source.y[:1200]


def write_idx(path, array):
    content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)


def idx_folder(path, images, ending, *, tested):
    path.mkdir()
    for part, rows in (("train", slice(0, 1000)), ("t10k", slice(1000, 1200))):
        if part == "train" or tested:
            write_idx(path / f"{part}-images-idx3-ubyte{ending}", images[0][rows])
            write_idx(path / f"{part}-labels-idx1-ubyte{ending}", images[1][rows])


@pytest.mark.parametrize(("ending", "tested"), [("", False), (".gz", True)])
def test_idx_files_are_data_by_path(cutaway, images, tmp_path, ending, tested):
    idx_folder(tmp_path / "fashion", images, ending, tested=tested)
    code, out, err = cutaway("datasets", "fashion", "--class-names", NAMES, "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["source_counts"] == ({"train": 1000, "test": 200} if tested else {"train": 1000})
    assert [row["name"] for row in said["class_counts"]] == NAMES.split(",")


@pytest.mark.exhaustive
def test_idx_files_train_by_path(cutaway, images, tmp_path):
    idx_folder(tmp_path / "fashion", images, ".gz", tested=True)
    code, out, err = cutaway("train", "fashion", "--class-names", NAMES, *TRAINED)
    assert code == 0, err
    answer = json.loads(out)
    assert answer["test"]["accuracy"] > 0.5
    run = ct.open_run(answer["run"])
    assert run.class_names == tuple(NAMES.split(","))
    assert len(run.split.test) == 200  # of their own
    assert run.folder.manifest.dataset.origin["path"] == str(tmp_path / "fashion")


@pytest.mark.exhaustive
def test_a_folder_of_png_files_trains_by_path(cutaway, images, tmp_path):
    for number, (image, label) in enumerate(zip(*images, strict=True)):
        path = tmp_path / "png" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    code, out, err = cutaway("train", "png", "--class-names", NAMES, "--centering", "mass", *TRAINED)
    assert code == 0, err
    answer = json.loads(out)
    assert ct.open_run(answer["run"]).data.centering == ct.data.Centering("mass")
    assert answer["test"]["accuracy"] > 0.5
    assert ct.open_run(answer["run"]).class_names == tuple(NAMES.split(","))
    code, out, err = cutaway("predict", answer["run"], "png/1/8.png", "--json")
    assert code == 0, err
    assert set(json.loads(out)[0]["probabilities"]) == set(NAMES.split(","))
    code, _, err = cutaway("train", "png", "--class-names", "a,b")
    assert (code, len(err.strip().splitlines())) == (2, 1)
