"""Server-sent events for every open page, with a bounded queue for each page."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

QUEUE = 256
"""Maximum number of events that wait for a slow page. A page that is further behind has to read everything again."""

LARGEST = 1 << 20
"""Maximum number of characters of an event; instead of a larger one, pages have to read everything again."""

PAGES = 64
"""Maximum number of open streams of one person."""

BEAT = 15.0
"""Seconds after which a stream sends a sign of life, which makes proxies keep it open."""


class Hub:
    """Takes events from any thread and gives them to all open streams.

    An event is a JSON list of its name and its data: a page need not know the names of all events to hand them
    to the other pages of its browser: one of them holds the stream for all, since a browser opens only six connections
    to one server.
    """

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[str], str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def pages(self) -> int:
        """How many streams are open."""
        return len(self._queues)

    def is_full(self, person: str) -> bool:
        """Whether no further stream of a person is taken."""
        return list(self._queues.values()).count(person) >= PAGES

    def send(self, name: str, data: Any) -> None:
        """Tell all pages something; safe in any thread.

        Args:
            name: Name of the event. "reset" tells pages to read everything again.
            data: JSON-able.
        """
        loop = self._loop
        if loop is None or loop.is_closed() or not self._queues:  # no page is open
            return
        text = _event(name, data)
        loop.call_soon_threadsafe(self._spread, text if len(text) <= LARGEST else _event("reset", {}))

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, "")

    def _spread(self, text: str) -> None:
        for queue in self._queues:
            if queue.qsize() < QUEUE:
                queue.put_nowait(text)
                continue
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(_event("reset", {}))

    async def stream(self, person: str) -> AsyncGenerator[str]:
        """The events from now on, as text of server-sent events; the first one, "hello", says that it has begun.

        Args:
            person: Whose page it is.
        """
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._queues[queue] = person
        try:
            yield f"retry: 1000\n{_event('hello', {})}"
            while not self._closed:
                try:
                    text = await asyncio.wait_for(queue.get(), BEAT)
                except TimeoutError:
                    text = ": alive\n\n"
                if text:
                    yield text
        finally:
            self._queues.pop(queue, None)


def _event(name: str, data: Any) -> str:
    return f"data: {json.dumps([name, data], allow_nan=False)}\n\n"
