"""Hostile model files, made here from a file that Keras saved: nothing hostile is kept in the repository."""

import io
import json
import re
import struct
import zipfile
from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pytest

from cutaway.file_process import FileProcess

_PROCESS = FileProcess("hdf5", 1 << 20)


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Let one process read the weights of all files, as each would its own: starting one takes half a second."""
    monkeypatch.setattr("cutaway.models.importing.hdf5.FileProcess", lambda *given: _PROCESS)


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """Two small model files as `model.save` writes them, and their parts."""
    folder = tmp_path_factory.mktemp("good")
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(5, activation="relu", name="first"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(3, activation="softmax", name="last"),
        ]
    )
    model.save(folder / "good.keras")
    import logging

    logging.getLogger("absl").setLevel(logging.ERROR)  # Keras calls .h5 a legacy format
    model.save(folder / "good.h5")
    with zipfile.ZipFile(folder / "good.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return SimpleNamespace(
        keras=folder / "good.keras",
        h5=folder / "good.h5",
        parts=parts,
        config=json.loads(parts["config.json"]),
        weights=parts["model.weights.h5"],
    )


@pytest.fixture
def craft(good, tmp_path):
    """Ways to make a hostile file."""

    def packed(name="bad.keras", *, compression=zipfile.ZIP_STORED, extra=(), **parts):
        named = {key.replace("__", "."): value for key, value in parts.items()}
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            for entry, data in {**good.parts, **named}.items():
                if data is not None:
                    archive.writestr(entry, data)
            for entry, data in extra:
                archive.writestr(entry, data)
        return path

    def configured(edit, name="bad.keras"):
        config = json.loads(json.dumps(good.config))
        return packed(name, config__json=json.dumps(edit(config) or config))

    def weighed(edit, name="bad.keras"):
        file = io.BytesIO(good.weights)
        with h5py.File(file, "a") as h5:
            edit(h5)
        return packed(name, model__weights__h5=file.getvalue())

    def raw(data, name="bad.keras"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return SimpleNamespace(packed=packed, configured=configured, weighed=weighed, raw=raw)


def _layer(config, number=1):
    return config["config"]["layers"][number]


def _swap(item):
    def edit(config):
        config["config"]["layers"][1] = item

    return edit


def _object(kind, config=None, *, module="keras.layers", registered=None):
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": "x", **(config or {})},
        "registered_name": registered,
    }


def _set(**values):
    return lambda config: _layer(config)["config"].update(values)


LAMBDA = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}
GET_FILE = _object("function", module="builtins") | {"config": "get_file", "registered_name": "function"}

CONFIGS = {
    "lambda layer with code": (_swap(_object("Lambda", {"function": LAMBDA})), "Lambda"),
    "lambda as an activation": (_set(activation=LAMBDA), "activation"),
    "function as an activation": (
        _set(activation=_object("function", module="os") | {"config": "system"}),
        "activation",
    ),
    "module os": (_swap(_object("system", {"command": "touch owned"}, module="os")), "system"),
    "Dense of another module": (
        _swap(_object("Dense", {"units": 5}, module="mine.layers")),
        '"mine.layers"',
    ),
    "Dense of a dotted trick": (_swap(_object("Dense", {"units": 5}, module="keras.src..os")), "keras.src..os"),
    "registered object": (_swap(_object("Dense", {"units": 5}, registered="mine>Dense")), '"mine>Dense"'),
    "get_file": (
        _swap(_object("get_file", {"origin": "http://127.0.0.1:1/x"}, module="keras.utils")),
        "get_file",
    ),
    "get_file as an initializer": (_set(kernel_initializer=GET_FILE), "kernel_initializer"),
    "TorchModuleWrapper": (_swap(_object("TorchModuleWrapper", {"module": "AAAA"})), "TorchModuleWrapper"),
    "TFSMLayer": (_swap(_object("TFSMLayer", {"filepath": "/tmp/x"})), "TFSMLayer"),
    "StringLookup with a file": (_swap(_object("StringLookup", {"vocabulary": "/etc/passwd"})), "StringLookup"),
    "nested model": (lambda c: _swap(json.loads(json.dumps(c)))(c), "Sequential"),
    "model of another class": (lambda c: c.update(class_name="Mine"), '"Mine"'),
    "model of another module": (lambda c: c.update(module="os"), '"os"'),
    "safe mode off": (_set(safe_mode=True), '"safe_mode"'),
    "giant layer": (_set(units=10**12), "units"),
    "large layer": (_set(units=2**24), "first/kernel"),
    "units of text": (_set(units="5"), "units"),
    "giant input": (lambda c: _layer(c, 0)["config"].update(batch_shape=[None, 2**23, 2**23]), "70,368,744,177,664"),
    "negative input": (lambda c: _layer(c, 0)["config"].update(batch_shape=[None, -6]), "input"),
    "terminal codes in a name": (_set(name="\x1b]0;owned\x07"), "owned"),
    "slash in a name": (_set(name="../../x"), "../../x"),
    "100,000 layers": (lambda c: c["config"].update(layers=[_layer(c)] * 100_000), "config.json"),
    "two layers of one name": (lambda c: c["config"]["layers"].append(_layer(c)), '"first"'),
    "layers of text": (lambda c: c["config"].update(layers=["x"]), "layer"),
    "no layers": (lambda c: c["config"].update(layers=[]), "0 layers"),
    "infinite number": (lambda c: _layer(c, 2)["config"].update(epsilon=float("inf")), "Infinity"),
    "huge number": (lambda c: _layer(c, 2)["config"].update(epsilon=10**400), "epsilon of"),
    "5,000 digits": (lambda c: _layer(c, 2)["config"].update(epsilon=10**4000), "epsilon of"),
}


def _h5(edit):
    return lambda craft, good: craft.weighed(edit)


def _external(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars/0"] = h5py.ExternalLink("/etc/hostname", "/x")


def _soft(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense/vars/1")


def _stored_outside(h5):
    del h5["layers/dense/vars/1"]
    h5["layers/dense/vars"].create_dataset("1", (5,), "<f4", external=[("/etc/hostname", 0, 20)])


def _virtual(h5):
    del h5["layers/dense/vars/1"]
    layout = h5py.VirtualLayout((5,), "<f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (5,))
    h5["layers/dense/vars"].create_virtual_dataset("1", layout)


def _giant(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars"].create_dataset("0", (10**6, 10**9), "<f4")


def _unwritten(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars"].create_dataset("0", (6, 5), "<f4")


def _gzip(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars"].create_dataset("0", data=np.zeros((6, 5), "f4"), compression="gzip")


def _integers(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars"]["0"] = np.zeros((6, 5), "i4")


def _loop(h5):
    del h5["layers/dense/vars"]
    h5["layers/dense/vars"] = h5["layers"]


def _bomb(craft, good):
    return craft.packed(compression=zipfile.ZIP_DEFLATED, model__weights__h5=bytes(200_000_000))


def _claim(craft, good):
    """A directory that declares 3 GiB where a few bytes are."""
    data = bytearray(craft.packed(compression=zipfile.ZIP_DEFLATED).read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 3 * 2**30)
    return craft.raw(bytes(data))


def _entries(craft, good):
    return craft.packed(extra=[(f"f{i}", b"") for i in range(20_000)])


def _depth(craft, good):
    return craft.packed(config__json="[" * 100_000 + "]" * 100_000)


def _long(craft, good):
    return craft.packed(config__json='{"class_name": "' + "x" * 5_000_000 + '"}')


def _aliases(craft, good):
    """Many layers whose weights are one and the same dataset: a small file that would become a large model."""
    layers = [_object("Dense", {"name": f"d{i}", "units": 400, "use_bias": False}) for i in range(100)]
    config = json.loads(json.dumps(good.config))
    config["config"]["layers"] = [config["config"]["layers"][0], *layers]
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, 400]
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        h5["one"] = np.zeros((400, 400), "f4")
        for i in range(100):
            h5[f"layers/dense{f'_{i}' if i else ''}/vars/0"] = h5["one"]
    return craft.packed(config__json=json.dumps(config), model__weights__h5=file.getvalue())


FILES = {
    "zip bomb": (_bomb, "model.weights.h5.* 20 to 1"),
    "3 GiB declared": (_claim, "3,221,225,472"),
    "20,000 entries": (_entries, "20,003"),
    "zip slip": (
        lambda c, g: c.packed(config__json=None, extra=[("../config.json", "{}")]),
        '"../config.json"',
    ),
    "absolute name": (lambda c, g: c.packed(config__json=None, extra=[("/etc/x", "{}")]), '"/etc/x"'),
    "backslashes": (lambda c, g: c.packed(metadata__json=None, extra=[("..\\x", "{}")]), r"\.\.\\\\x"),
    "assets": (lambda c, g: c.packed(metadata__json=None, extra=[("assets/x", "{}")]), '"assets/x"'),
    "no configuration": (lambda c, g: c.packed(config__json=None), "config.json"),
    "a pickle instead of a configuration": (lambda c, g: c.packed(config__json=b"\x80\x04K\x01."), "config.json"),
    "deep JSON": (_depth, "100000"),
    "5 MB of JSON": (_long, "config.json.*5,000,018"),
    "a name twice": (lambda c, g: c.packed(config__json='{"config": 1, "config": 2}'), "config.json"),
    "bytes before the zip": (lambda c, g: c.raw(b"PK" + b"x" * 99 + g.keras.read_bytes()), "bad.keras"),
    "bytes after the zip": (lambda c, g: c.raw(g.keras.read_bytes() + b"x" * 99), "bad.keras"),
    "external link": (_h5(_external), "/layers/dense/vars"),
    "soft link": (_h5(_soft), "/layers/dense/vars"),
    "values in another file": (_h5(_stored_outside), "/layers/dense/vars/1"),
    "virtual dataset": (_h5(_virtual), "/layers/dense/vars/1"),
    "giant dataset": (_h5(_giant), r"\(1000000, 1000000000\)"),
    "dataset without values": (_h5(_unwritten), "/layers/dense/vars/0"),
    "packed dataset": (_h5(_gzip), "/layers/dense/vars/0"),
    "integers for weights": (_h5(_integers), "/layers/dense/vars/0"),
    "group in a circle": (_h5(_loop), "/layers/dense/vars"),
    "aliased weights": (_aliases, "64,000,000"),
    "a pickle": (lambda c, g: c.raw(b"\x80\x04\x95cposix\nsystem\n"), "bad.keras"),
    "nothing": (lambda c, g: c.raw(b""), "bad.keras"),
}


def _older(edit, *, config=None):
    """An .h5 file of a whole model, changed."""

    def make(craft, good):
        path = craft.raw(good.h5.read_bytes(), "bad.h5")
        with h5py.File(path, "a") as h5:
            if config:
                described = json.loads(h5.attrs["model_config"])
                config(described)
                h5.attrs["model_config"] = json.dumps(described)
            edit(h5["model_weights/first"])
        return path

    return make


def _keep(group):
    pass


def _linked(group):
    name = group.attrs["weight_names"][0]
    del group[name]
    group[name] = h5py.ExternalLink("/etc/hostname", "/x")


def _names(*names):
    return lambda group: group.attrs.update(weight_names=np.array(names, dtype=h5py.string_dtype()))


def _repeated(craft, good):
    """Three thousand texts that are one and the same megabyte."""
    path = craft.raw(good.h5.read_bytes(), "bad.h5")
    with h5py.File(path, "a") as h5:
        _names("x" * 2**20, *["yyyyy"] * 3000)(h5["model_weights/first"])
    data = path.read_bytes()
    # a text is its length, the address of a heap and its number there
    places = (found.start() for found in re.finditer(re.escape(struct.pack("<I", 2**20)), data))
    first = next(p for p in places if data.startswith(b"GCOL", int.from_bytes(data[p + 4 : p + 12], "little")))
    path.write_bytes(data[: first + 16] + data[first : first + 16] * 3000 + data[first + 16 * 3001 :])
    return path


OLDER = {
    "h5: lambda layer": (_older(_keep, config=_swap(_object("Lambda", {"function": LAMBDA}))), "Lambda"),
    "h5: module os": (_older(_keep, config=_swap(_object("system", module="os"))), "system"),
    "h5: external link": (_older(_linked), "/model_weights/first"),
    "h5: names that climb": (_older(_names("../../../norm/kernel", "../bias")), "first/kernel"),
    "h5: names of other weights": (
        _older(_names("a/gamma", "a/beta")),
        "gamma, beta",
    ),
    "h5: no names": (_older(lambda group: group.attrs.pop("weight_names")), "kernel, bias"),
    "h5: texts on one another": (_repeated, "bad.h5"),
}


def _from_config(edit):
    return lambda craft, good: craft.configured(edit)


ATTACKS = {**{name: (_from_config(edit), text) for name, (edit, text) in CONFIGS.items()}, **FILES, **OLDER}


def pytest_generate_tests(metafunc):
    """Give every test that takes an ``attack`` all of them."""
    if "attack" in metafunc.fixturenames:
        metafunc.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


@pytest.fixture
def attacks():
    """All attacks by name: how to make the file, and the file, the entry, the setting or the number that is named."""
    return ATTACKS
