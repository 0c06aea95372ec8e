"""The ledger on PostgreSQL: group commit, and looks that share a trip in the same way."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg

from adapters.ledger.batch import SpoiltBatchError, check_shard
from adapters.ledger.gathering import Gathering, Observe
from adapters.ledger.reader import Reader
from adapters.ledger.writer import CommitUnknownError, Writer
from domain.errors import BillingUnavailableError
from domain.ports import Command

T = TypeVar("T")

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
        observe: Observe | None = None,
    ) -> None:
        self._shard = shard
        self._writer = Writer(connect, shard)
        self._reader = Reader(connect)
        self._writing = Gathering("ledger-writer", self._append, observe)
        self._reading = Gathering("ledger-reader", self._look)

    async def start(self) -> None:
        """Begin to append and to look."""
        await self._writing.start()
        await self._reading.start()

    async def close(self) -> None:
        """Append what is queued and let go of the connections."""
        await self._writing.close(self._writer.close)
        await self._reading.close(self._reader.close)

    async def execute(self, command: Command[T]) -> T:
        """Decide and append in a shared commit, or raise the refusal.

        Raises BillingUnavailableError with nothing appended, or OutcomeUnknownError.
        A caller that is cancelled while queued is dropped; later, its command stands.
        """
        check_shard([command], self._shard)
        return await self._writing.ask(command)

    async def read(self, query: Command[T]) -> T:
        """Run a query on aggregates that are caught up with the log."""
        return await self._reading.ask(query)

    def _look(self, queries: Sequence[Command[Any]]) -> list[object]:
        """Look for a batch, again if need be; runs in the reader's thread and never raises."""
        for last_try in (False, True):
            try:
                return self._reader.look(queries)
            except psycopg.Error as error:
                _log.warning("a look failed", extra={"error": repr(error), "last_try": last_try})
                self._reader.close()
            except Exception as error:  # noqa: BLE001  # told to its caller
                # One history that cannot be read is no reason to refuse those beside it.
                if len(queries) == 1:
                    return [error]
                return [outcome for query in queries for outcome in self._look([query])]
        return _all(BillingUnavailableError, queries)

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


def _all(error: type[BillingUnavailableError], commands: Sequence[Command[Any]]) -> list[object]:
    return [error() for _ in commands]
