"""A net as a .keras file that plain Keras opens, and the rules that every way out shares."""

import tempfile
from pathlib import Path

import keras

from cutaway.errors import NetError

from .layers import check_net
from .spec import net_from_spec, spec_of
from .weights import get_weights, set_weights


def check_export(net: keras.Model) -> keras.Model:
    """Check that a net can leave: built, and of allow-listed layers.

    Raises:
        NetError: It is neither.
    """
    check_net(net)
    if not net.built:
        raise NetError("a net that is exported has weights", came=f'"{net.name}", not built yet', fix="train it first")
    return net


def to_keras(net: keras.Model) -> bytes:
    """Pack a net into a .keras file with Keras' own writer.

    The net is as it computes: it takes samples that are divided by their scale already. No optimizer goes with it.

    Args:
        net: A built net of allow-listed layers.

    Raises:
        NetError: It is not.
    """
    check_export(net)
    copied = net_from_spec(spec_of(net))  # without the optimizer, the loss and the metrics of a compiled one
    set_weights(copied, get_weights(net))
    with tempfile.TemporaryDirectory(prefix="cutaway-") as folder:
        path = Path(folder) / "net.keras"
        copied.save(path)
        return path.read_bytes()
