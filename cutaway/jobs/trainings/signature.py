"""The signature of trainings that were asked for here.

A folder of runs may come from a stranger, with jobs in it that wait, or come back from one. To open it must start
nothing, so a job is started only with a signature that needs a secret of the user and holds the path of its folder. One
that comes back to its path starts only if it was neither started nor canceled before; see `started`.
"""

import functools
import hmac
import os
import secrets
from pathlib import Path

from cutaway.cache import private_folder

SECRET = "secret"
BYTES = 32


def sign(path: Path, job: bytes) -> str:
    """The signature of a job, hexadecimal.

    Args:
        path: Folder of the job, whose name is its id.
        job: What it is to do, as it is written.
    """
    return hmac.new(_secret(), os.fsencode(os.path.realpath(path)) + b"\0" + job, "sha256").hexdigest()


def is_signature(given: str, path: Path, job: bytes) -> bool:
    """Whether this is the signature of a job; see `sign`."""
    return hmac.compare_digest(given.encode(), sign(path, job).encode())


def _secret() -> bytes:
    try:
        return _kept(private_folder("studio") / SECRET)
    except OSError:  # without a cache, jobs wait for as long as this process lives
        return _passing()


@functools.cache
def _kept(file: Path) -> bytes:
    """The secret in a file of the user alone, which is made if there is none.

    Raises:
        OSError: It can be neither read nor made.
    """
    if not file.exists():
        made = file.with_name(f".{SECRET}.{secrets.token_hex(8)}")
        try:
            with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                opened.write(secrets.token_bytes(BYTES))
            os.link(made, file)  # whole or not at all, and never over that of another process
        except FileExistsError:
            pass
        finally:
            made.unlink(missing_ok=True)
    secret = file.read_bytes()
    if len(secret) != BYTES:
        raise OSError("a damaged secret")
    return secret


@functools.cache
def _passing() -> bytes:
    return secrets.token_bytes(BYTES)
