"""Closing months: every wallet's books first, then the seal, then one statement for each.

Nothing is remembered between the steps but what the ledger says, so a close that was cut off is
simply made again: what is closed stays closed, and what was not issued yet is issued.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from api.lending import lent
from domain.calendar import Calendar
from domain.close_month import Document, close_month, issue_statement
from domain.decision import Decision
from domain.errors import ConflictError, GatewayError, NotFoundError
from domain.periods import next_month
from domain.ports import Ledger
from projections.customers import Customers
from projections.freshness import catch_up
from projections.read_statements import StatementRow, WalletMonths, months, unissued
from projections.statement.draw import MODELS, StatementError, cover_of, draw
from projections.statement.number import format_number
from projections.statements import Statements
from projections.upkeep import Progress, silent

AT_ONCE: Final = 16
"""Wallets that are closed side by side: their commits are one."""
PATIENCE_SECONDS: Final = 120.0
"""How long the read models may take to follow a close of many wallets."""

Seal = Callable[[int], Awaitable[int | None]]
"""Has the log signed up to a position; gives the size of the signed tree, None without a key."""

_log = logging.getLogger("tollbook.closing")


class NotClosableError(ConflictError):
    """The month, or the grace after it, is not over."""

    code = "month_not_over"

    def __init__(self, period: str, closable_from: datetime) -> None:
        self.closable_from = closable_from
        when = closable_from.isoformat().replace("+00:00", "Z")
        super().__init__(f"{period} is not over with its grace: it can be closed from {when} on.")


class SealPendingError(GatewayError):
    """The log was not signed in time; what was closed is closed, and can be issued later."""

    code = "seal_pending"
    retry_after = 30

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The log is not sealed up to position {position} yet: is the sealer running? "
            "The months are closed; close them again to issue their statements."
        )


class StatementsNotIssuedError(GatewayError):
    """Some statements do not add up: somebody must look at the books; all others are issued."""

    code = "statements_not_issued"

    def __init__(self, numbers: Sequence[str]) -> None:
        super().__init__(
            f"These statements do not add up and were not issued: {', '.join(numbers)}. "
            "All others were; close the month again once the books are mended."
        )


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close has done; running it again does nothing more."""

    period: str
    wallets: int
    """That had this month or one before it to close."""
    months_closed: int
    statements_issued: int

    def describe(self) -> dict[str, Any]:
        """Write it as it is shown."""
        return {
            "month": self.period,
            "wallets": self.wallets,
            "months_closed": self.months_closed,
            "statements_issued": self.statements_issued,
        }


async def unsealed(position: int) -> int | None:
    """Sign nothing: there is no key."""
    return None


class Closer:
    """Closes a month of every wallet, and the open ones before it, as one actor.

    Those who share a turn close one after the other.
    """

    def __init__(
        self,
        ledger: Ledger,
        pool: AsyncConnectionPool,
        *,
        grace: timedelta,
        actor: str,
        seal: Seal = unsealed,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._ledger = ledger
        self._pool = pool
        self._grace = grace
        self._actor = actor
        self._seal = seal
        self._turn = turn or asyncio.Lock()

    async def close(
        self, period: str, customer_id: UUID | None = None, progress: Progress = silent
    ) -> Closed:
        """Close up to a month and issue its statements, whoever else is at it.

        Raises NotClosableError, NotFoundError if nobody had a wallet then, SealPendingError,
        StatementsNotIssuedError once all others are issued, or BillingUnavailableError.
        """
        async with self._turn:
            return await self._close_and_issue(period, customer_id, progress)

    async def _close_and_issue(
        self, period: str, customer_id: UUID | None, progress: Progress
    ) -> Closed:
        wallets = await self._wallets(period, customer_id)
        todo = [wallet for wallet in wallets if wallet.calendar.closed < period]
        await self._check_over(period, todo or wallets[:1])
        closed = await self._close(period, todo, progress)
        issued = await self._issue(period, customer_id, progress)
        return Closed(period, len(wallets), closed, issued)

    async def _wallets(self, period: str, customer_id: UUID | None) -> list[WalletMonths]:
        async with lent(self._pool) as conn:
            await catch_up(conn, (Customers(), Statements()), patience_seconds=PATIENCE_SECONDS)
            found = [w for w in await months(conn, customer_id) if w.calendar.first <= period]
        if not found:
            what = f"month {period}: no wallet had been opened then"
            raise NotFoundError(what)
        return found

    async def _check_over(self, period: str, wallets: Sequence[WalletMonths]) -> None:
        """Ask for all before anything is closed, so that a month is closed for all or for none."""
        over = max(wallet.calendar.bounds(period)[1] for wallet in wallets) + self._grace
        ask = Decision((wallets[0].wallet_id,), lambda books: books.at.horizon)
        if await self._ledger.read(ask) < over:
            raise NotClosableError(period, over)

    async def _close(self, period: str, wallets: Sequence[WalletMonths], progress: Progress) -> int:
        left = iter(wallets)
        closed: list[int] = []

        async def work() -> None:
            for wallet in left:
                closed.append(await self._close_wallet(period, wallet))
                progress(len(closed), 2 * len(wallets))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return sum(closed)

    async def _close_wallet(self, period: str, wallet: WalletMonths) -> int:
        closed, month = 0, wallet.calendar.next_to_close
        while month <= period:
            command = close_month(wallet.wallet_id, month, grace=self._grace, actor=self._actor)
            number = await self._ledger.execute(command)
            closed += number is not None
            month = next_month(month)
        return closed

    async def _issue(self, period: str, customer_id: UUID | None, progress: Progress) -> int:
        """Draw and issue what is closed and has no statement yet, whoever closed it."""
        async with lent(self._pool) as conn:
            await catch_up(conn, MODELS, patience_seconds=PATIENCE_SECONDS)
            rows = await unissued(conn, period, customer_id)
            calendars = {w.wallet_id: w.calendar for w in await months(conn, customer_id)}
        if not rows:
            return 0
        # No connection is held meanwhile: the seal polls the same pool, perhaps for minutes.
        tree_size = await self._seal(max(row.closed_position for row in rows))
        failed: list[str] = []
        for done, row in enumerate(rows, 1):
            if not await self._issue_one(row, calendars[row.wallet_id], tree_size):
                failed.append(format_number(row.number))
            progress(len(rows) + done, 2 * len(rows))
        # Whoever looks next, at whichever process, is to find what was issued.
        async with lent(self._pool) as conn:
            await catch_up(conn, (Statements(),), patience_seconds=PATIENCE_SECONDS)
        issued = len(rows) - len(failed)
        _log.info("statements issued", extra={"period": period, "statements": issued})
        if failed:
            raise StatementsNotIssuedError(failed)
        return issued

    async def _issue_one(
        self, row: StatementRow, calendar: Calendar, tree_size: int | None
    ) -> bool:
        """Issue a statement, or tell that it does not add up: the others must not wait for it."""
        cover = cover_of(row, calendar, tree_size)
        try:
            async with lent(self._pool) as conn:
                with closing(await draw(conn, cover, calendar)) as document:
                    sha256 = await asyncio.to_thread(document.sha256)
        except StatementError as error:
            fault = {"number": format_number(row.number), "fault": str(error)}
            _log.critical("a statement does not add up", extra=fault)
            return False
        await self._record(row, cover.position, tree_size, sha256)
        return True

    async def _record(
        self, row: StatementRow, position: int, tree_size: int | None, sha256: str
    ) -> None:
        document = Document(row.number, position, tree_size, sha256)
        await self._ledger.execute(issue_statement(row.wallet_id, row.period, document))
