"""Imports the names of a package only when they are first used, which keeps light calls light, and lists them."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Named = TypeVar("Named", bound=Callable[..., Any])


def public(named: Named) -> Named:
    """Mark a class or function as a name of `cutaway`: tracebacks, help and pickles say ``cutaway.Run``."""
    named.__module__ = "cutaway"
    return named


def lazy_getattr(package: str, modules: Mapping[str, str], *, mark: bool = False) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package (PEP 562) whose public names are defined in other modules.

    Args:
        package: The package's ``__name__``.
        modules: Public name -> full name of the module that defines it.
        mark: Whether to mark names that have no mark of `public` yet when they are found.
    """

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(modules[name]), name)
        if mark:
            value.__module__ = package
        setattr(sys.modules[package], name, value)
        return value

    return find
