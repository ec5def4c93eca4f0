"""Programs that XLA has compiled: kept on disk for the next process, and let go of by one that needs them no more."""

import contextlib
import ctypes
import hashlib
import platform

from cutaway.cache import private_folder
from cutaway.log import survive
from cutaway.parallel import cpu_flags

JAX_DEFAULT = 1.0
"""Seconds that compiling a program must take for JAX to keep it, where nobody has chosen others; ours take less."""

M_MMAP_THRESHOLD = -3
"""The parameter of glibc's mallopt."""

OWN_PAGES = 65_536
"""Blocks of memory from this many bytes have pages of their own, which go back to the system when they are freed."""


def keep_compiled_programs() -> None:
    """Let JAX keep compiled programs in the user's cache folder: the next process then starts immediately.

    A folder that the user chose (``JAX_COMPILATION_CACHE_DIR``) stays, and so does a least time to compile. Programs
    are for one kind of CPU and one version of jaxlib; each such pair has its own folder, which only the user may read
    (mode 0700).
    """
    import jax
    import jaxlib

    if jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore[reportAttributeAccessIssue]
        return
    version = jaxlib.__version__  # pyright: ignore[reportPrivateImportUsage]
    machine = [platform.machine(), cpu_flags(), version]
    with survive(__name__, "making the folder of compiled programs", OSError):  # a start then takes two seconds longer
        folder = private_folder(f"xla-{hashlib.sha256(' '.join(machine).encode()).hexdigest()[:12]}")
        jax.config.update("jax_compilation_cache_dir", str(folder))
        if jax.config.jax_persistent_cache_min_compile_time_secs == JAX_DEFAULT:  # pyright: ignore[reportAttributeAccessIssue]
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def forget_compiled_programs() -> None:
    """Free the memory of compiled programs, for a process that trains many models of different sizes.

    A program that is needed again is read from the user's cache folder.
    """
    import gc

    import jax

    jax.clear_caches()
    gc.collect()
    # glibc keeps freed memory between blocks: after 45 trials of a sweep 330 MB of 730. Without a limit it also puts
    # ever larger blocks between them: 24 trainings held 326 MB, of which 81 were in use; with it 233
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another library, or Windows
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, OWN_PAGES)
        libc.malloc_trim(0)
