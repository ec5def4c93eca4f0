"""How often somebody may ask."""

import time

BURST = 3_000
"""Simultaneous requests: 20 pages that load all their modules."""

RATE = 300.0
"""Requests per second in the long run."""

CHANGE = 10
"""A request that changes something counts as many."""


class Rates:
    """A bucket of tokens for each person: requests take from it, and it fills with time.

    Source:
        Turner 1986, "New directions in communications", IEEE Communications Magazine 24(10): the leaky bucket.
    """

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, person: str, *, changes: bool = False) -> bool:
        """Whether a request of somebody is taken now."""
        now = time.monotonic()
        left, last = self._left.get(person, (float(BURST), now))
        left = min(BURST, left + (now - last) * RATE) - (CHANGE if changes else 1)
        taken = left >= 0
        self._left[person] = (left if taken else left + (CHANGE if changes else 1), now)
        return taken
