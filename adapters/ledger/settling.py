"""Settling that survives: the caller's leaving, a lost database, and the process's end."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from adapters.ledger.group_commit import OutcomeUnknownError
from adapters.ledger.spool import Spool
from domain.errors import BillingUnavailableError, NotFoundError
from domain.ports import Ledger
from domain.reserve_call import Reservation, ReserveCall
from domain.settle_call import Outcome, SettleCall, Settlement

T = TypeVar("T")

PATIENCE_SECONDS = 5.0
"""How long a settling is tried before it goes to the spool and the answer ends."""
RETRY_SECONDS = 0.1

_log = logging.getLogger("tollbook.ledger")


class SettlingLedger:
    """Reserves and settles calls on a ledger, so that no hold is left to its expiry for nothing."""

    def __init__(
        self, ledger: Ledger, spool: Spool, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._patience = patience_seconds
        self._spooled = True
        self._written = 0
        self._replaying = asyncio.Lock()
        self._kept: set[asyncio.Task[Any]] = set()

    async def reserve(self, command: ReserveCall) -> Reservation:
        """Hold for a call, after what is in the spool; raises refusals and BillingUnavailableError.

        If the caller is cancelled, or the commit's outcome is lost, the hold is released.
        """
        if self._spooled:
            await self.replay()
        task = self._keep(self._ledger.execute(command))
        try:
            return await asyncio.shield(task)
        except OutcomeUnknownError:
            self._spool_release(command, "commit_unknown")
            raise
        except asyncio.CancelledError:
            self._keep(self._release_abandoned(command, task))
            raise

    async def settle(self, command: SettleCall) -> Settlement | None:
        """End a call's hold, shielded from cancellation; None if it had to be spooled."""
        return await asyncio.shield(self._keep(self._settle(command)))

    async def replay(self) -> None:
        """Settle everything in the spool, or raise BillingUnavailableError."""
        async with self._replaying:
            known = self._written
            for path, settling in list(self._spool.waiting()):
                try:
                    await self._ledger.execute(settling)
                except NotFoundError as missing:
                    if missing.what != "request":
                        self._set_aside(settling)
                        continue
                    _log.info("a spooled call was never reserved")
                except BillingUnavailableError:
                    raise
                except Exception:  # noqa: BLE001  # kept on disk and logged with its trace
                    self._set_aside(settling)
                    continue
                self._spool.drop(path)
            # What was spooled meanwhile has not been seen by this round.
            self._spooled = self._written != known

    async def close(self) -> None:
        """Wait for every kept settling."""
        while self._kept:
            await asyncio.wait(set(self._kept))

    async def _settle(self, command: SettleCall) -> Settlement | None:
        patience = time.monotonic() + self._patience
        while True:
            try:
                return await self._ledger.execute(command)
            except BillingUnavailableError:
                if time.monotonic() > patience:
                    self._to_spool(command)
                    return None
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                self._set_aside(command)
                raise

    async def _release_abandoned(
        self, command: ReserveCall, task: "asyncio.Task[Reservation]"
    ) -> None:
        (done,), _ = await asyncio.wait({task})
        if not done.cancelled() and isinstance(done.exception(), OutcomeUnknownError):
            self._spool_release(command, "commit_unknown")
        elif not done.cancelled() and done.exception() is None:
            await self._settle(_release(command, "caller_gone"))

    def _spool_release(self, command: ReserveCall, reason: str) -> None:
        self._to_spool(_release(command, reason))

    def _to_spool(self, command: SettleCall) -> None:
        _log.error("a settling was spooled", extra={"request_id": command.request_id.hex})
        self._spool.write(command)
        self._written += 1
        self._spooled = True

    def _set_aside(self, command: SettleCall) -> None:
        """Keep what broke a rule of ours on disk: it must neither be lost nor stop the others."""
        _log.exception("a settling failed", extra={"request_id": command.request_id.hex})
        self._spool.set_aside(command)

    def _keep(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run it whatever becomes of the caller; a task nobody refers to may be collected."""
        task = asyncio.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task


def _release(command: ReserveCall, reason: str) -> SettleCall:
    return SettleCall(command.request_id, command.identity, Outcome(0, reason=reason))
