"""What happens, told to every page that is open: server-sent events, with a bounded queue for each page."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

QUEUE = 256
"""Events that wait for a slow page at most. One that is further behind is told to read everything again."""

PAGES = 256
"""Open streams at most."""

BEAT = 15.0
"""Seconds after which a stream says that it is alive, so that proxies keep it open."""


class Hub:
    """Takes events from any thread and gives them to all open streams."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def pages(self) -> int:
        """How many streams are open."""
        return len(self._queues)

    @property
    def full(self) -> bool:
        """Whether no further stream is taken."""
        return len(self._queues) >= PAGES

    def send(self, name: str, data: Any) -> None:
        """Tell all pages something; safe in any thread.

        Args:
            name: Name of the event.
            data: JSON-able.
        """
        loop = self._loop
        if loop is None or loop.is_closed():  # no page was ever open
            return
        text = f"event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n"
        loop.call_soon_threadsafe(self._spread, text)

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
            queue.put_nowait("event: reset\ndata: {}\n\n")

    async def stream(self) -> AsyncGenerator[str]:
        """The events from now on, as text of server-sent events; the first one, "hello", says that it has begun."""
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield "retry: 1000\nevent: hello\ndata: {}\n\n"
            while not self._closed:
                try:
                    text = await asyncio.wait_for(queue.get(), BEAT)
                except TimeoutError:
                    text = ": alive\n\n"
                if text:
                    yield text
        finally:
            self._queues.discard(queue)
