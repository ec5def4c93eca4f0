"""How a package imports a name only when it is first used, so that light calls stay light."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_getattr(package: str, modules: Mapping[str, str], *, public: bool = False) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package (PEP 562) whose public names are defined in other modules.

    Args:
        package: The package's ``__name__``.
        modules: Public name -> full name of the module that defines it.
        public: Whether tracebacks and help shall name `package` instead of the module, as ``cutaway.Run``.
    """

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(modules[name]), name)
        if public:
            value.__module__ = package
        setattr(sys.modules[package], name, value)
        return value

    return find
