"""How alike layers and units are: linear CKA, of epochs and of two models, and units matched by correlation."""

from .cka import CenteredActivations, center_all, cka, linear_cka

__all__ = ["CenteredActivations", "center_all", "cka", "linear_cka"]
