"""The processes of one training, and what they tell each other beside the arrays that JAX moves.

Messages are entries of the coordination service's store, which lives in the first process: a few hundred bytes after
each compiled call, every 0.2 s. Arrays never go this way.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import jax

from cutaway.errors import REQUEST, Canceled, CutawayError, RunError, UsageError
from cutaway.log import survive

from .ending import (
    RULE,
    before_the_end,
    end_is_agreed,
    end_is_known,
    explained,
    is_agreed,
    lost_error,
    reason_is_known,
)

log = logging.getLogger("cutaway.training.distributed")

POLL_MS = 1_000
"""Milliseconds after which a process that waits looks whether another one has failed."""

PARTING_MS = 10_000
"""Milliseconds that processes which end for a reason wait for the others to have read it."""

ANSWERING = 1.0
"""Seconds in which all processes have the answer that they have met."""

KEPT = 100
"""Messages that stay in the store. Between two compiled calls, at which all meet, there are fewer."""


class World:
    """All processes of a training.

    All of them must call `share`, `reduce`, `check_same` and `canceled` in the same order.

    Attributes:
        index: Number of this process, from 0.
        count: Number of processes.
    """

    def __init__(self, client: Any, *, index: int, count: int) -> None:
        self.index, self.count, self._client = index, count, client
        self._numbers, self._stop = _NUMBERS, None

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and decides."""
        return self.index == 0

    def meet(self, seconds: float) -> None:
        """Wait until all processes are here.

        Raises:
            RunError: One does not come.
        """
        try:
            self._client.wait_at_barrier(f"cutaway/meet/{next(self._numbers)}", int(seconds * 1000))
        except jax.errors.JaxRuntimeError as error:
            end_is_known()
            raise RunError(
                "all processes of a training come",
                got=f"fewer than {self.count} after {seconds:g} s",
                hint="start all of them, or wait longer with wait=",
            ) from error

    def share(self, make: Callable[[], Any]) -> Any:
        """Make something in the first process and give it to all.

        Args:
            make: Called in the first process only; returns plain data. Its errors are raised in all processes.

        Raises:
            CutawayError: What `make` raised, as a RunError in the other processes.
            RunError: A process is lost.
        """
        number = next(self._numbers)
        if not self.first:
            message = json.loads(self._get(f"cutaway/shared/{number}"))
            if "error" in message:
                self._part()
                raise RunError(*message["error"][:1], got=message["error"][1], hint=message["error"][2])
            return message["value"]
        try:
            value = make()
        except CutawayError as error:
            self._set(f"cutaway/shared/{number}", {"error": (error.rule, error.got, error.hint)})
            self._part()
            raise
        self._set(f"cutaway/shared/{number}", {"value": value})
        with survive(log, "deleting an old value", Exception):  # the first ones were never there
            self._client.key_value_delete(f"cutaway/shared/{number - KEPT}")
        return value

    def check_same(self, facts: Mapping[str, Any]) -> None:
        """Check that all processes were given the same, before the first step.

        Args:
            facts: What must be the same, as plain data; a mapping is compared entry by entry.

        Raises:
            UsageError: Something differs; raised in all processes.
        """

        def compare(found: Sequence[Mapping[str, Any]]) -> str | None:
            differences = (_difference(found[0], theirs, other) for other, theirs in enumerate(found))
            return next((difference for difference in differences if difference), None)

        if difference := self.reduce(facts, compare):
            self._part()
            raise UsageError(
                "all processes of a training have the same data, settings and versions",
                got=difference,
                hint="start all of them with the same command in the same environment",
            )

    def reduce(self, value: Any, combine: Callable[[list[Any]], Any]) -> Any:
        """What the first process makes of the values of all, given to all.

        Args:
            value: Value of this process; plain data.
            combine: Takes the values in the order of the processes.
        """
        number = next(self._numbers)
        self._set(f"cutaway/values/{number}/{self.index}", value)
        return self.share(
            lambda: combine([json.loads(self._get(f"cutaway/values/{number}/{i}")) for i in range(self.count)])
        )

    def canceled(self, error: Canceled | None) -> Canceled | None:
        """What cancels the training in all processes, at the same step.

        Args:
            error: What cancels it in this one.
        """
        if self._stop is None:
            self._stop = f"cutaway/stop/{next(self._numbers)}/"
        stop = self._stop
        if error is not None:
            self._set(f"{stop}{self.index}", error.got)
        by = self.share(lambda: next((key.removeprefix(stop) for key, _ in self._client.key_value_dir_get(stop)), None))
        if by is None:
            return None
        end_is_agreed()
        return error or Canceled(
            "work runs until it is done", got=f"{REQUEST} in process {by}", hint="run it again, in all processes"
        )

    def before_the_end(self, call: Callable[[str], None] | None) -> None:
        """Choose what this process still does where JAX ends it because another one is lost, given the reason."""
        before_the_end(call)

    def fail(self, error: BaseException) -> None:
        """Tell the other processes why this one ends, unless they know; whoever could be told may be gone then."""
        if is_agreed():
            return
        end_is_known()
        if _parted or (isinstance(error, RunError) and error.rule == RULE):  # the cause is in another process
            return
        with survive(log, "telling the other processes why this one ends", Exception):
            why = str(error)[:600] or "it was interrupted"
            self._client.key_value_set(f"cutaway/failed/{self.index}", why, allow_overwrite=True)

    def explained(self, error: BaseException) -> BaseException:
        """What an exception means, in the words of the process that failed first where it could say them."""
        meant = explained(error)
        if meant is error:
            return error
        end_is_known()
        said = None
        with survive(log, "asking which process failed", Exception):
            said = self._failure()
        return lost_error(said) if said else meant

    def _part(self) -> None:
        """Wait until all processes know why they end: what they tell each other is gone with the first one."""
        global _parted
        end_is_known()
        with survive(log, "waiting until all know why they end", jax.errors.JaxRuntimeError):
            self._client.wait_at_barrier(f"cutaway/end/{next(self._numbers)}", PARTING_MS)
            if self.first:  # whose end would cut off the answers of the barrier, for which the others wait without end
                time.sleep(ANSWERING)
        _parted = True
        reason_is_known(first=self.first)

    def _failure(self) -> str | None:
        for key, why in self._client.key_value_dir_get("cutaway/failed/"):
            if (number := key.rpartition("/")[2]) != str(self.index):
                return f"the end of process {number}: {why}"
        return None

    def _set(self, key: str, value: Any) -> None:
        try:
            self._client.key_value_set(key, json.dumps(value), allow_overwrite=True)
        except jax.errors.JaxRuntimeError as error:
            raise self.explained(error) from error

    def _get(self, key: str) -> str:
        while True:
            try:
                return self._client.blocking_key_value_get(key, POLL_MS)
            except jax.errors.JaxRuntimeError as error:
                if "DEADLINE_EXCEEDED" not in str(error):
                    end_is_known()
                    raise lost_error() from error
                if said := self._failure():
                    end_is_known()
                    raise lost_error(said) from error


_NUMBERS = count()
"""Numbers of messages, the same in all processes of a training."""


_parted = False
"""Whether all processes know that the training ends, and why."""


def current_world() -> World | None:
    """The processes that this one has joined; None where it is alone.

    A process that called ``jax.distributed.initialize`` itself has joined as well.
    """
    if not jax.distributed.is_initialized() or jax.process_count() == 1:
        return None
    from .coordination_client import coordination_client

    return World(coordination_client(), index=jax.process_index(), count=jax.process_count())


def _difference(mine: Mapping[str, Any], theirs: Mapping[str, Any], other: int) -> str | None:
    """The first difference in words; None where there is none."""
    for name, value in mine.items():
        found = theirs.get(name)
        if found == value:
            continue
        if isinstance(value, dict) and isinstance(found, dict):
            for key in sorted(value.keys() | found.keys()):
                if value.get(key) != found.get(key):
                    return f"{key} {value.get(key)} in process 0 and {found.get(key)} in process {other}"
        return f"other {name} in process {other} than in process 0"
    return None
