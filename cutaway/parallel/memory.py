"""How much memory the machine has left, and asking for it before it is taken."""

from cutaway.errors import DataError


def free_memory() -> int:
    """Bytes of memory that programs can still get."""
    import psutil

    return psutil.virtual_memory().available


def ask_memory(size: int, *, what: str, got: str, hint: str) -> None:
    """Refuse a size above the free memory before any is taken: Linux promises more than it has.

    Args:
        size: Bytes.
        what: The objects that need them, as a plural: "images".
        got: The object in question, for the message.
        hint: The next step, for the message.

    Raises:
        DataError: There is not so much memory.
    """
    if size > (free := free_memory()):
        sizes = f"{size / 1e9:,.1f} GB, where {free / 1e9:,.1f} GB are free"
        raise DataError(f"{what} do not fit into memory: {got}, {sizes}", hint=hint)
