"""The former place of `cutaway.options.option`."""

from cutaway.options import option

EPOCH = "Epoch; 0 is the model as initialized, -1 the last. Default: the kept epoch."
"""What ``--epoch`` is."""

__all__ = ["EPOCH", "option"]
