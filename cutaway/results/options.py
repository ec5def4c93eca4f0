"""The former place of `cutaway.options.option`."""

from cutaway.options import option

__all__ = ["option"]
