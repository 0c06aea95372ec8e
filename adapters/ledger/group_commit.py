"""Group commit: while one batch is being made durable, the next callers gather."""

import asyncio
import logging
import time
from asyncio import Future
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import psycopg

from adapters.ledger.batch import SpoiltBatchError, check_shard
from adapters.ledger.reader import Reader
from adapters.ledger.writer import CommitUnknownError, Writer
from domain.errors import BillingUnavailableError
from domain.ports import Command

T = TypeVar("T")

BATCH_MAX = 256
"""Commands in one commit."""
PATIENCE_SECONDS = 2.0
"""How long a batch is tried again before its callers are told that billing is unavailable."""
RESOLVE_SECONDS = 5.0
"""How long the outcome of a lost commit is asked for."""

_log = logging.getLogger("tollbook.ledger")


class OutcomeUnknownError(BillingUnavailableError):
    """The commit may have landed; whoever reserved in it must have it released later."""


class PostgresLedger:
    """The ledger of one shard on PostgreSQL; `start` it in the loop that will use it.

    `observe` is told every batch's size and seconds.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        shard: int,
        observe: Callable[[int, float], None] = lambda size, seconds: None,
    ) -> None:
        self._shard = shard
        self._observe = observe
        self._writer = Writer(connect, shard)
        self._reader = Reader(connect)
        self._writing = ThreadPoolExecutor(1, "ledger-writer")
        self._reading = ThreadPoolExecutor(1, "ledger-reader")
        self._queue: deque[tuple[Command[Any], Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Begin to append."""
        self._running = asyncio.create_task(self._run(), name="ledger")

    async def close(self) -> None:
        """Append what is queued and let go of the connections."""
        self._closing = True
        self._wake.set()
        if self._running is not None:
            await self._running
        for executor, close in (
            (self._writing, self._writer.close),
            (self._reading, self._reader.close),
        ):
            executor.submit(close).result()
            executor.shutdown()

    async def execute(self, command: Command[T]) -> T:
        """Decide and append in a shared commit, or raise the refusal.

        Raises BillingUnavailableError with nothing appended, or OutcomeUnknownError.
        A caller that is cancelled while queued is dropped; later, its command stands.
        """
        check_shard([command], self._shard)
        if self._closing:
            raise BillingUnavailableError
        answer: Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append((command, answer))
        self._wake.set()
        return cast("T", await answer)

    async def read(self, query: Command[T]) -> T:
        """Run a query on aggregates that are caught up with the log."""
        if self._closing:
            raise BillingUnavailableError
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._look, query)

    def _look(self, query: Command[T]) -> T:
        for last_try in (False, True):
            try:
                return self._reader.look(query)
            except psycopg.Error as error:
                self._reader.close()
                if last_try:
                    raise BillingUnavailableError from error
        raise AssertionError

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing or self._queue:
            await self._wake.wait()
            self._wake.clear()
            while batch := self._take():
                started = time.perf_counter()
                commands = [command for command, _ in batch]
                outcomes = await loop.run_in_executor(self._writing, self._append, commands)
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    _tell(answer, outcome)
                try:
                    self._observe(len(batch), time.perf_counter() - started)
                except Exception:  # noqa: BLE001  # a metric never stops the ledger
                    _log.exception("the observer failed")

    def _take(self) -> list[tuple[Command[Any], Future[Any]]]:
        """Take the next batch, without those whose caller has gone."""
        batch: list[tuple[Command[Any], Future[Any]]] = []
        while self._queue and len(batch) < BATCH_MAX:
            entry = self._queue.popleft()
            if not entry[1].cancelled():
                batch.append(entry)
        return batch

    def _append(self, commands: Sequence[Command[Any]]) -> list[object]:
        """Append a batch, again if need be; runs in the writer's thread and never raises."""
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            try:
                return self._writer.append(commands)
            except CommitUnknownError as unknown:
                outcomes = self._resolve(unknown, commands)
                if outcomes is not None:
                    return outcomes
            except (SpoiltBatchError, psycopg.IntegrityError) as fault:
                return self._one_by_one(commands, fault)
            except psycopg.Error as error:
                _log.warning("append failed, trying again", extra={"error": repr(error)})
                self._writer.close()
                time.sleep(0.05)
            except Exception as error:  # noqa: BLE001  # told to its caller and logged
                # A bug of ours must cost no more than the command at fault, and never the loop
                # that everybody waits for.
                return self._one_by_one(commands, error)
        return _all(BillingUnavailableError, commands)

    def _one_by_one(self, commands: Sequence[Command[Any]], cause: BaseException) -> list[object]:
        """Give every command a batch of its own, so that only the one at fault fails."""
        if len(commands) == 1:
            _log.error("a command failed", exc_info=cause)
            return [cause.cause if isinstance(cause, SpoiltBatchError) else cause]
        outcomes: list[object] = []
        for command in commands:
            # Who has waited for a lost database in vain has waited for all after it.
            lost = bool(outcomes) and isinstance(outcomes[-1], BillingUnavailableError)
            outcomes.append(BillingUnavailableError() if lost else self._append([command])[0])
        return outcomes

    def _resolve(
        self, unknown: CommitUnknownError, commands: Sequence[Command[Any]]
    ) -> list[object] | None:
        """Ask what became of a lost commit; None if it is certain that nothing was appended."""
        _log.warning("a commit's outcome is unknown", extra={"error": repr(unknown.__cause__)})
        patience = time.monotonic() + RESOLVE_SECONDS
        while time.monotonic() < patience:
            try:
                return unknown.decided.outcomes if self._writer.landed(unknown) else None
            except psycopg.Error:
                self._writer.close()
                time.sleep(0.05)
        return _all(OutcomeUnknownError, commands)


def _tell(answer: "Future[Any]", outcome: object) -> None:
    if answer.cancelled():
        return
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _all(error: type[BillingUnavailableError], commands: Sequence[Command[Any]]) -> list[object]:
    return [error() for _ in commands]
