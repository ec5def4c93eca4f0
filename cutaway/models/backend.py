"""Which backend Keras runs on: JAX, unless the user chose another before us."""

import builtins
import copy
import gc
import importlib
import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

from cutaway.errors import BackendError

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None

OPTIONAL = (
    *("IPython", "PIL", "matplotlib", "pandas", "requests", "sklearn"),
    "importlib.metadata.distributions",  # for JAX, which reads the metadata of every installed package
)
"""What Keras 3.15 and JAX 0.10 import if it is installed, for features that cutaway does not use: pandas, matplotlib
and scikit-learn take 3.4 s of 4.7 s, the others 0.3 s of the remaining 1.3 s."""

DEFERRED: dict[str, tuple[str, ...]] = {
    "h5py": (),  # with which Keras writes a .keras file
    "scipy.sparse": (),
    "scipy.sparse.linalg": (),
    "jax.experimental.pallas.ops.tpu.splash_attention": ("splash_attention_kernel", "splash_attention_mask"),
}
"""What they always import, used or not: modules, and the submodules taken from them. Another 0.4 s."""


ADDRESS_SPACE = 2 * 10**9
"""Bytes of address space that a small training on a CPU needs: of 1.5 GB, XLA ends the process without a word."""


def lean_keras() -> None:
    """Let Keras be imported without what cutaway does not use, once it is; only in our own processes, such as commands.

    A user's own Keras code in the same process would lack `OPTIONAL` (fit on a DataFrame, plots), so the library does
    not do this. What XLA compiles is kept for the next process: see `keep_compiled_programs`.
    """
    if not any(isinstance(finder, _LeanFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _LeanFinder())


def import_lean_keras() -> None:
    """As `lean_keras`, and import it now.

    Raises:
        BackendError: As `require_jax`.
    """
    require_jax()
    lean_keras()
    importlib.import_module("keras")


class _LeanFinder(MetaPathFinder):
    """Finds JAX and Keras where they are, and has them imported by `_lean_imports`."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in ("jax", "keras"):
            return None
        if "keras" not in sys.modules:  # JAX is found once more while Keras is being imported
            require_jax()
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = copy.copy(spec.loader)  # one of a zip file is that of all its modules
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                _import_leanly(lambda: load(module))
                if name == "jax":
                    from .compiled_programs import keep_compiled_programs

                    keep_compiled_programs()

            spec.loader.exec_module = exec_module
        return spec


def _import_leanly(load: Callable[[], None]) -> None:
    collects = gc.isenabled()
    gc.disable()
    try:
        with _lean_imports():
            load()
    finally:
        # modules live as long as the process, and every garbage collection that goes through them takes 0.15 s
        gc.freeze()
        if collects:
            gc.enable()


class _DeferredModule(ModuleType):
    """Stands for a module until one of its names is used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _lean_imports() -> Generator[None]:
    """Let import statements of this thread fail for `OPTIONAL` and put off `DEFERRED`; other threads see no difference.

    Hiding a package in `sys.modules` instead would hide it from other threads that import it at the same time.
    """
    real, thread, active = builtins.__import__, threading.get_ident(), True
    hidden = {name for name in OPTIONAL if name not in sys.modules}

    def lean(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002
        root = name.partition(".")[0]
        parts: tuple[str, ...] = tuple(fromlist or ())
        if level or not active or threading.get_ident() != thread:
            pass
        elif root in hidden or any(f"{name}.{part}" in hidden for part in parts):
            raise ModuleNotFoundError(f"No module named {root!r}", name=root)
        elif name in DEFERRED and name == root:
            return _DeferredModule(name)
        elif name in DEFERRED and not parts:
            return real(root, globals, locals, (), 0)  # "import a.b" binds a, and SciPy finds b when it is used
        elif parts and set(parts) <= set(DEFERRED.get(name, ())):
            return SimpleNamespace(**{part: _DeferredModule(f"{name}.{part}") for part in parts})
        return real(name, globals, locals, fromlist, level)

    builtins.__import__ = lean
    try:
        yield
    finally:
        active = False  # another thread may have taken this one for the real one
        if builtins.__import__ is lean:
            builtins.__import__ = real


def require_jax() -> None:
    """Check that Keras runs on JAX, which the compiled loop needs, and that JAX has the address space to start.

    Raises:
        BackendError: Keras is loaded on another backend, or the address space is limited to less than JAX needs.
    """
    _check_address_space()
    loaded = sys.modules.get("keras")
    backend = loaded.backend.backend() if loaded else os.environ.get("KERAS_BACKEND", "jax")
    if backend != "jax":
        got = f'Keras already loaded on "{backend}"' if loaded else f'KERAS_BACKEND="{backend}"'
        raise BackendError(
            "cutaway's compiled loop needs Keras on its JAX backend",
            got=got,
            hint="set KERAS_BACKEND=jax before Python starts, or import cutaway before keras with KERAS_BACKEND unset",
        )


def _check_address_space() -> None:
    if resource is None:
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE:
        raise BackendError(
            f"JAX needs {ADDRESS_SPACE / 1e9:g} GB of address space or more",
            got=f"a limit of {limit / 1e9:.2g} GB",
            hint="raise it, in a shell with: ulimit -v unlimited",
        )
