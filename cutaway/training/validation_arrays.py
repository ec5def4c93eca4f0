"""The arrays that a running fit is validated on: private names of Keras, which tells a callback nothing of its data.

Without them the Recorder could not record ``validation_split`` as "val" by itself: the share is no parameter that a
callback is given, and which rows are held out follows from arrays that it never sees. The public way is to pass the
dataset with its split; it stays what is recorded where these names are gone. Upstream: the attribute
``validation_data`` of callbacks was taken away, https://github.com/tensorflow/tensorflow/issues/41378.
"""

import logging
from typing import Any

import keras

log = logging.getLogger("cutaway.training")


def validation_arrays(model: keras.Model) -> tuple[Any, ...] | None:
    """Inputs, targets and, if there are any, weights of samples; None if they are no arrays, or cannot be seen.

    Args:
        model: In the midst of a fit that has validated it.
    """
    adapter = getattr(getattr(model, "_eval_epoch_iterator", None), "data_adapter", None)
    arrays = getattr(adapter, "_inputs", None)
    if isinstance(arrays, tuple) and 2 <= len(arrays) <= 3 and hasattr(arrays[0], "shape"):
        return arrays
    log.debug("what fit is validated on cannot be seen: %s", type(adapter).__name__)
    return None
