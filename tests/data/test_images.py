"""Folders of images: every format and mode, sizes, broken and hostile files."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cutaway.data import load_again, load_dataset, split_dataset
from cutaway.data.images import read_image
from cutaway.errors import CutawayWarning, DataError, UsageError


@pytest.fixture(scope="module")
def digits():
    held = load_dataset("mnist").sources["test"]
    return held.x[:300].reshape(-1, 28, 28), held.y[:300]


def write(folder, images, labels, ending="png"):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{number:04d}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def test_a_folder_gives_the_images_and_classes(digits, tmp_path):
    write(tmp_path, *digits)
    data = load_dataset(tmp_path)
    order = np.argsort(digits[1], kind="stable")
    assert np.array_equal(data.sources["train"].x, digits[0][order])
    assert np.array_equal(data.sources["train"].y, digits[1][order])
    assert (data.class_names, data.scale, data.shape) == (tuple("0123456789"), 255.0, (28, 28))
    assert load_again(data.origin).sha256 == data.sha256


def test_folders_get_names_in_their_order(digits, tmp_path):
    write(tmp_path, digits[0], digits[1] + 5)  # folders 5 to 14
    names = [f"class {number}" for number in range(10)]
    data = load_dataset(tmp_path, class_names=names)
    assert data.class_names == tuple(names)
    assert np.array_equal(data.sources["train"].y, np.sort(digits[1]))
    assert load_again(data.origin).sha256 == data.sha256
    with pytest.raises(UsageError):
        load_dataset(tmp_path, class_names=["a", "b"])


def test_train_val_and_test_are_kept(digits, tmp_path):
    for part, rows in (("train", slice(0, 200)), ("val", slice(200, 250)), ("test", slice(250, 300))):
        write(tmp_path / part, digits[0][rows], digits[1][rows])
    data = load_dataset(tmp_path)
    split = split_dataset(data)
    assert [len(split.part(part)) for part in ("train", "val", "test")] == [200, 50, 50]
    assert (split.val[0], split.test[0]) == ("val[0]", "test[0]")
    assert type(split).from_record(split.to_record()).val.names() == split.val.names()


def test_a_class_that_only_test_has_is_refused(digits, tmp_path):
    write(tmp_path / "train", digits[0][:50], digits[1][:50])
    write(tmp_path / "test", digits[0][:1], ["other"])
    with pytest.raises(DataError):
        load_dataset(tmp_path)


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "tiff", "webp", "jpg"])
def test_formats(ending, digits, tmp_path):
    lossless = {"webp": {"lossless": True}, "jpg": {"quality": 100}}.get(ending, {})
    path = tmp_path / f"x.{ending}"
    Image.fromarray(digits[0][0]).save(path, **lossless)
    read = read_image(path, mode="L")
    assert np.abs(read.astype(int) - digits[0][0]).max() <= (3 if ending == "jpg" else 0)


@pytest.mark.parametrize(
    ("mode", "expected"), [("1", (28, 28)), ("L", (28, 28)), ("LA", (28, 28)), ("I;16", (28, 28)), ("RGB", (28, 28, 3)),
                           ("RGBA", (28, 28, 3)), ("P", (28, 28, 3)), ("CMYK", (28, 28, 3))]
)  # fmt: skip
def test_modes(mode, expected, tmp_path):
    path = tmp_path / ("x.tiff" if mode in ("CMYK", "I;16") else "x.png")
    if mode == "I;16":
        Image.fromarray(np.full((28, 28), 0x8000, np.uint16)).save(path)
    else:
        Image.new("RGB", (28, 28), (200, 30, 60)).convert(mode).save(path)
    assert read_image(path).shape == expected
    if mode == "I;16":
        assert (read_image(path) == 0x80).all()


def test_exif_turns_an_image_upright(tmp_path):
    image = np.zeros((20, 10, 3), np.uint8)
    image[:5] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(image).rotate(90, expand=True).save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "x.png"), image)


def test_what_is_transparent_shows_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "x.png")
    assert (read_image(tmp_path / "x.png", mode="L") == 255).all()


def test_sizes_are_one_or_are_asked_for(digits, tmp_path):
    write(tmp_path, digits[0][:40], digits[1][:40])
    first = min(path for path in tmp_path.iterdir() if path.is_dir())
    for name, size in (("0a", (9, 8)), ("0b", (30, 20)), ("0c", (30, 20))):  # before the other files by name
        Image.fromarray(digits[0][0]).resize(size).save(first / f"{name}.png")
    with pytest.raises(DataError, match="28 x 28 .*20 x 30 .*0b.png"):
        load_dataset(tmp_path)
    (first / "0c.png").unlink()
    (first / "0b.png").unlink()
    with pytest.raises(DataError):
        load_dataset(tmp_path)
    data = load_dataset(tmp_path, size=(14, 12))
    assert data.shape == (14, 12)
    assert load_again(data.origin).sha256 == data.sha256
    with pytest.raises(UsageError):
        load_dataset(tmp_path, size="large")


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an image",
        png(28, 28)[:45],
        png(9000, 9000),
        png(50_000, 50_000),
        png(28, 28).replace(b"IDAT", b"IDAX"),
    ],
)
def test_broken_and_hostile_images_are_one_line(content, digits, tmp_path):
    write(tmp_path, digits[0][:40], digits[1][:40])
    (tmp_path / "7" / "x.png").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert "\n" not in str(caught.value)


def test_memory_for_all_images_is_asked_for(digits, tmp_path, monkeypatch):
    write(tmp_path, *digits)
    monkeypatch.setattr("cutaway.parallel.memory.free_memory", lambda: 300 * 64 * 64)
    assert load_dataset(tmp_path, size=64).shape == (64, 64)
    with pytest.raises(DataError, match="300 .*65 x 64"):
        load_dataset(tmp_path, size=(65, 64))


def test_how_many_are_broken_is_said(digits, tmp_path):
    write(tmp_path, digits[0][:40], digits[1][:40])
    for number in range(5):
        (tmp_path / "7" / f"broken{number}.png").write_bytes(b"x")
    with pytest.raises(DataError, match="broken0.png .*4"):
        load_dataset(tmp_path)


def test_other_files_are_named_and_left_out(digits, tmp_path):
    write(tmp_path, digits[0][:40], digits[1][:40])
    (tmp_path / "7" / "notes.txt").write_text("x")
    (tmp_path / "7" / ".DS_Store").write_text("x")
    with pytest.warns(CutawayWarning, match="notes.txt"):
        assert len(load_dataset(tmp_path).sources["train"].y) == 40
